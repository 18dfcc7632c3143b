"""Its forms: every declared field can be shown and filled in, and refuses rubbish with a message instead of a fall."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from hypothesis import strategies as st

from core.plugin_api.context import Context
from core.plugin_api.fields import FieldKind, SettingField, as_shown, as_typed, parse
from core.plugin_api.fields import check as faults_of
from core.plugin_api.manifest import Plugin
from core.plugin_api.text import Text
from core.plugin_host.declared import fields_of
from core.plugin_host.reasons import reason_of
from core.plugin_kit.checks import Broken, NotAsked, Subject, check, fell
from core.plugin_kit.plain import plain
from core.plugin_kit.search import search
from core.plugin_kit.stories import values_of

RUBBISH = ("", " ", "\0", "ÅÄÖ", "-1", "1e999", "١٢", "<script>", "' OR 1=1 --", "%(x)s", "9" * 60, "2026-02-30", "NaN")
CURRENCY = "EUR"
Fields = Sequence[SettingField]


@check(
    "fields",
    "Every field can be shown: a label, a known kind, choices where it needs them, a default that it takes itself",
    hint="Write a default as a form would store it: minor units, '12.5' for a percent, '2026-01-31' for a day.",
)
def fields(subject: Subject) -> None:
    """What a form needs to be drawn."""
    for where, group in declared(subject):
        for field in group:
            _shown(where, field)


@check(
    "rubbish",
    "Its forms refuse rubbish, and what they take they take again",
    hint="Write minimum and maximum as numbers, not as texts; some value lies between them, and the default does.",
)
def rubbish(subject: Subject) -> None:
    """Whatever is typed, `parse` answers; what it gave passes `check` and survives the way back into the form."""
    groups = [(where, group) for where, group in declared(subject) if group]
    if not groups:
        raise NotAsked
    for where, group in groups:
        search(_typed(group), subject.examples, partial(_read, where, group))


@check(
    "settings",
    "Its own check of settings answers for all that its form lets through",
    hint="check_settings answers (field key, T(...)) pairs; a value that was left empty is None in ctx.settings.",
)
def settings(subject: Subject) -> None:
    """For a brand, and for the installation, where needed values may still be missing."""
    plugin, group = subject.plugin, fields_of(subject.record)
    if type(plugin).check_settings is Plugin.check_settings:
        raise NotAsked
    keys = {"", *(field.key for field in group)}

    def holds(case: tuple[dict[str, Any], bool]) -> None:
        values, alone = case
        told = {field.key: values[field.key] for field in group if not field.secret}
        secrets = {f.key: str(values[f.key]) for f in group if f.secret and values[f.key] is not None}
        try:
            faults = tuple(plugin.check_settings(Context(None if alone else "kit-brand", told, secrets)))
        except Exception as error:
            raise Broken("(field key, Text) pairs, or none", fell(error, subject), told) from None
        for fault in faults:
            if not (isinstance(fault, tuple) and len(fault) == 2 and fault[0] in keys and isinstance(fault[1], Text)):
                mend = f"The first of a pair is '' or one of {', '.join(sorted(keys - {''}))}, the second a T(...)."
                raise Broken("(field key, Text) pairs", plain(fault), told, mend)

    filled = {field.key: st.one_of(st.none(), values_of(field, CURRENCY)) for field in group}
    search(st.tuples(st.fixed_dictionaries(filled), st.booleans()), subject.examples, holds)


def declared(subject: Subject) -> Iterator[tuple[str, Fields]]:
    """Every group of fields that it declares, with where that is."""
    yield "settings", subject.plugin.settings
    for kind, attributes in FORMS.items():
        for name, item in subject.provided(kind).items():
            yield from ((f"{attribute} of {name}", getattr(item, attribute)) for attribute in attributes)


FORMS: Mapping[str, tuple[str, ...]] = {
    "payment_models": ("terms",),
    "payout_rails": ("settings", "payee_fields"),
    "platforms": ("settings",),
    "sales_sources": ("settings",),
}


def _shown(where: str, field: SettingField) -> None:
    place = f"{field.key} in {where}"
    if not isinstance(field.kind, FieldKind):
        raise Broken("one of FieldKind", f"kind = {field.kind!r}", place, f"Take one of {', '.join(FieldKind)}.")
    if not isinstance(field.label, Text) or not str(field.label).strip():
        raise Broken("a label that people can read", f"label = {plain(field.label)}", place, 'Write T("...") as label.')
    if field.kind is FieldKind.CHOICE and not field.choices:
        raise Broken("choices to choose from", "none", place, 'Write choices=(("key", T("...")), ...).')
    for key, _ in field.choices:
        if parse([field], {field.key: key}, CURRENCY)[0].get(field.key) != key:
            mend = 'Write each choice as ("key", T("...")), the key a text of small letters.'
            raise Broken("choices whose keys a form can send: plain text", f"{key!r}", place, mend)
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        raise Broken("a minimum below the maximum", f"{field.minimum} and {field.maximum}", place, "Turn them round.")
    if field.default is not None:
        for fault in faults_of([field], {field.key: field.default}, CURRENCY).values():
            raise Broken("a default that the field itself takes", f"{field.default!r}: {fault}", place)


def _typed(group: Fields) -> st.SearchStrategy[Mapping[str, Any]]:
    anything = st.one_of(st.sampled_from(RUBBISH), st.text(max_size=20), st.none(), st.integers().map(str))
    likely = {field.key: st.one_of(anything, _near(field)) for field in group}
    return st.fixed_dictionaries(likely)


def _near(field: SettingField) -> st.SearchStrategy[Any]:
    choices = [key for key, _ in field.choices] or ["10", "10 %", "1 000,50", "31.12.2026", "yes"]
    return st.sampled_from(choices)


def _read(where: str, group: Fields, raw: Mapping[str, Any]) -> None:
    try:
        values, errors = parse(group, raw, CURRENCY)
    except Exception as error:
        raise Broken("a value or a message for each field", reason_of(error), f"{where}: {dict(raw)}") from None
    told = {key: value for key, value in raw.items() if value}
    if any(not isinstance(message, Text) for message in errors.values()):
        raise Broken("a message for each refused field", repr(errors), f"{where}: {told}")
    taken = [field for field in group if field.key in values]
    for key, fault in faults_of(taken, values, CURRENCY).items():
        raise Broken("a taken value to be taken again", f"{key} = {values[key]!r}: {fault}", f"{where}: {told}")
    back = {field.key: as_typed(field, values[field.key], CURRENCY) for field in taken}
    again, _ = parse(taken, back, CURRENCY)
    if [as_shown(f, again.get(f.key), CURRENCY) for f in taken] != [
        as_shown(f, values[f.key], CURRENCY) for f in taken
    ]:
        raise Broken("the same value after showing it in the form", f"{values} became {again}", f"{where}: {told}")
