"""It loads: with the right number, a whole manifest, hooks that there are; alone, beside all others, and twice."""

from __future__ import annotations

from core.plugin_api import API_VERSION
from core.plugin_api.manifest import PluginScope
from core.plugin_api.text import Text
from core.plugin_host.loader import DATA, PROVIDERS, Fault, check_version, examine, load, manifest
from core.plugin_host.records import Record, State
from core.plugin_kit.checks import Broken, Subject, check
from core.plugin_kit.plain import plain

DESCRIBE = 'Write description = T("..."), or leave it out.'
SCOPE = "Import PluginScope from samverk and take one of the two, or leave scope out: then it is for brands."
HOOK = "Write a method register_... or on_..., marked @hookimpl; docs/plugins/reference.md lists them."
NO_CONTRACT = "It does not keep the plugin API: %(error)s."


@check(
    "api",
    "It is written for this plugin API",
    hint="Read the notes for plugin authors in the CHANGELOG, follow them, then raise api_version in the manifest.",
)
def api(subject: Subject) -> None:
    """The number of the manifest is one that is loaded; a plugin without a manifest is told so elsewhere."""
    try:
        check_version(manifest(subject.candidate))
    except Fault as fault:
        if fault.reason.params.keys() >= {"theirs", "ours"}:
            theirs = fault.reason.params["theirs"]
            newer = "Upgrade Samverk; or, if it uses nothing newer, lower api_version in the manifest."
            mend = newer if isinstance(theirs, int) and theirs > API_VERSION else ""
            raise Broken(f"api_version = {API_VERSION}", f"api_version = {theirs}", mend=mend) from None
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
        raise Broken("a title that people can read", f"title = {plain(plugin.title)}", mend='Write title = T("...").')
    if plugin.description is not None and not isinstance(plugin.description, Text):
        raise Broken("a description that is a Text", f"description = {plugin.description!r}", mend=DESCRIBE)
    if not isinstance(plugin.scope, PluginScope):
        raise Broken("scope = PluginScope.BRAND or PluginScope.SITE", f"scope = {plugin.scope!r}", mend=SCOPE)
    if not any(name.startswith(("register_", "on_")) for name in dir(plugin)):
        raise Broken("at least one hook", "a plugin that brings nothing and observes nothing", mend=HOOK)


@check(
    "contract",
    "Its hooks and methods, and what they hand over, are what the plugin API knows",
    hint="Put right what is seen: docs/plugins/reference.md tells every class with its fields and what each may be.",
)
def keeps_contract(subject: Subject) -> None:
    """No misspelt hook, no outdated method, no answer of another type, nothing in a pack that core does not know."""
    reason = subject.record.reason
    if reason is not None and reason.msgid == NO_CONTRACT:
        seen = str(reason.params["error"])
        mend = next((mend for word, mend in MENDS.items() if word in seen), "")
        raise Broken("what the plugin API knows", seen, mend=mend)


MENDS = {
    ".yaml": "Put that field of the pack right: docs/plugins/compliance.md lists every kind, field and value.",
    "must return": "Return a list of those from the hook; docs/plugins/reference.md tells of what for each hook.",
    " is not a hook": "Rename it: docs/plugins/reference.md lists every hook. A method of your own begins with _.",
    " is not in the contract": "Rename it: docs/plugins/reference.md lists the methods of each class. One of your own "
    "that is only like it begins with _.",
}
"""What to do, by words of what core says is wrong."""


@check(
    "loads",
    "It loads alone",
    hint="Import it yourself: python -c 'import YOUR_MODULE'. Nothing may be done at import but to define things.",
)
def loads_alone(subject: Subject) -> None:
    """Nothing is raised while it is imported and asked for what it brings."""
    record = subject.record
    if record.state is State.BROKEN and record.reason and record.reason.msgid == "It could not be loaded: %(error)s.":
        missing = "Install what is missing, and name it under dependencies in pyproject.toml, or mend the import."
        mend = missing if "ModuleNotFoundError" in str(record.reason) else ""
        raise Broken("a plugin that loads", str(record.reason), mend=mend)


@check(
    "loads-with-all",
    "It loads beside every other plugin that is installed",
    hint="Names of models, rails, packs and rights are the whole installation's: put your plugin's name into them.",
)
def loads_with_all(subject: Subject) -> None:
    """No other plugin has its names."""
    for record in load([subject.candidate, *subject.others]):
        if record.origin == subject.candidate.origin and record.name == subject.name and record.reason:
            raise Broken("names that nobody else has", str(record.reason))


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
