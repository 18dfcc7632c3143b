"""Plugins' templates: found below their own prefix alone, and kept from reaching beyond it.

The order is the installation's own folder, core, and last the plugins, so that an installation may put its own
`instance/templates/x/<plugin>/page.html` before a plugin's, and no plugin can put one before core's.
"""

from __future__ import annotations

from types import CodeType

from flask.templating import Environment
from jinja2 import BytecodeCache, FileSystemLoader, PrefixLoader, TemplateNotFound
from jinja2.bccache import Bucket

from core.plugin_host.additions import folder_of
from core.plugin_host.host import PluginHost

PREFIX = "x"


class Compiled(BytecodeCache):
    """The code of templates: compiled once in a process, however many apps it makes. A changed source is another."""

    def __init__(self) -> None:
        """Nothing is compiled yet."""
        self._known: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what the same source came to before."""
        bucket.code = self._known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what a source came to."""
        self._known[bucket.key, bucket.checksum] = bucket.code


class FencedEnvironment(Environment):
    """Jinja as Flask sets it up, but a plugin's template uses only its own and the shared parts at the root."""

    def join_path(self, template: str, parent: str) -> str:
        """The name that a template means by `template`; `TemplateNotFound` when a plugin means another's."""
        if parent.startswith(f"{PREFIX}/") and "/" in template and not belongs(template, parent.split("/")[1]):
            raise TemplateNotFound(template, f"{parent} may use its own templates and the shared parts only")
        return template


COMPILED = Compiled()


def belongs(template: str, plugin: str) -> bool:
    """Whether a template's name is a plugin's own, and one that is escaped."""
    return template.startswith(f"{PREFIX}/{plugin}/") and template.endswith(".html")


def loader(host: PluginHost) -> PrefixLoader:
    """The active plugins' templates: `x/<plugin>/name.html`, out of `templates/x/<plugin>/` beside their module."""
    folders = {name: folder_of(record.plugin) for name, record in host.active.items() if record.plugin}
    own = {name: FileSystemLoader(f / "templates" / PREFIX / name) for name, f in folders.items() if f}
    return PrefixLoader({PREFIX: PrefixLoader(own)})
