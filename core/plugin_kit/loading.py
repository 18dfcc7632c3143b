"""It loads: with the right number, a whole manifest, hooks that there are; alone, beside all others, and twice."""

from __future__ import annotations

from core.plugin_api import API_VERSION
from core.plugin_api.manifest import PluginScope
from core.plugin_api.text import Text
from core.plugin_host.loader import DATA, PROVIDERS, Fault, check_version, examine, load, manifest
from core.plugin_host.records import Record, State
from core.plugin_kit.checks import Broken, Subject, check

NO_CONTRACT = "It does not keep the plugin API: %(error)s."


@check(
    "api",
    "It is written for this plugin API",
    hint="Read the notes for plugin authors in the CHANGELOG, follow them, then raise api_version in the manifest.",
)
def api(subject: Subject) -> None:
    """The number of the manifest is ours; a plugin without a manifest is told so elsewhere."""
    try:
        check_version(manifest(subject.candidate))
    except Fault as fault:
        if fault.reason.params.keys() >= {"theirs", "ours"}:
            raise Broken(f"api_version = {API_VERSION}", f"api_version = {fault.reason.params['theirs']}") from None
    except (Exception, SystemExit):
        return


@check(
    "manifest",
    "Its manifest says who it is",
    hint="Expose `plugin = YourPlugin()` with name (that of the entry point), title = T(...), api_version and hooks.",
)
def whole_manifest(subject: Subject) -> None:
    """Name, title, number and kinds are there, and each is of its type."""
    try:
        plugin = manifest(subject.candidate)
    except Fault as fault:
        raise Broken("a whole manifest", str(fault.reason)) from None
    except (Exception, SystemExit):
        return  # told by `contract` or `loads`
    if not str(plugin.title).strip():
        raise Broken("a title that people can read", f"title = {plugin.title!r}")
    if plugin.description is not None and not isinstance(plugin.description, Text):
        raise Broken("a description that is a Text", f"description = {plugin.description!r}")
    if not isinstance(plugin.scope, PluginScope):
        raise Broken("scope = PluginScope.BRAND or PluginScope.SITE", f"scope = {plugin.scope!r}")
    if not any(name.startswith(("register_", "on_")) for name in dir(plugin)):
        raise Broken("at least one hook", "a plugin that brings nothing and observes nothing")


@check(
    "contract",
    "It has no hook and no method that the plugin API does not know",
    hint="Compare the name with the reference in docs/plugins; mark hooks with @hookimpl and return what they promise.",
)
def keeps_contract(subject: Subject) -> None:
    """No misspelt hook, no outdated method, no answer of another type."""
    reason = subject.record.reason
    if reason is not None and reason.msgid == NO_CONTRACT:
        raise Broken("hooks and methods of the plugin API alone", str(reason.params["error"]))


@check(
    "loads",
    "It loads alone",
    hint="Import it yourself: python -c 'import YOUR_MODULE'. Nothing may be done at import but to define things.",
)
def loads_alone(subject: Subject) -> None:
    """Nothing is raised while it is imported and asked for what it brings."""
    record = subject.record
    if record.state is State.BROKEN and record.reason and record.reason.msgid == "It could not be loaded: %(error)s.":
        raise Broken("a plugin that loads", str(record.reason))


@check(
    "loads-with-all",
    "It loads beside every other plugin that is installed",
    hint="Names of models, rails, packs and rights are the whole installation's: put your plugin's name into them.",
)
def loads_with_all(subject: Subject) -> None:
    """No other plugin has its names."""
    for record in load([subject.candidate, *subject.others]):
        if record.origin == subject.candidate.origin and record.name == subject.name and record.reason:
            raise Broken("an active plugin", str(record.reason))


@check(
    "loads-twice",
    "It brings the same when it is loaded again",
    hint="register_ hooks are asked at every start: let them return the same things, and keep no state in the module.",
)
def loads_twice(subject: Subject) -> None:
    """A second start finds the same things by the same names."""
    first, second = _names(subject.record), _names(examine(subject.candidate))
    if first != second:
        raise Broken(f"again {', '.join(sorted(first)) or 'nothing'}", ", ".join(sorted(second)) or "nothing")


def _names(record: Record) -> set[str]:
    if record.reason:
        return {str(record.reason)}
    return {f"{kind}/{name}" for kind in (*PROVIDERS, *DATA) for name in record.provides.get(kind, ())}
