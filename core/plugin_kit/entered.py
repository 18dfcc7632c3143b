"""What payees enter for a rail: its own word on it is a pure one, and what pages show of it tells no secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from core.plugin_api.fields import SettingField
from core.plugin_api.kit import FakeServer
from core.plugin_api.payout_rails import PayoutRail
from core.plugin_api.text import Text
from core.plugin_kit.checks import Broken, NotAsked, Subject, check, fell
from core.plugin_kit.filled import filled, secrets
from core.plugin_kit.forms import CURRENCY
from core.plugin_kit.guard import pure
from core.plugin_kit.plain import plain
from core.plugin_kit.search import search
from core.plugin_kit.stories import values_of

PAIRS = "(field key, Text) pairs, or none"


@check(
    "payee",
    "Its own check of what payees enter answers for all that its form lets through, and by that alone",
    "payout_rails",
    hint="check_payee answers (field key, T(...)) pairs, shown a text; what was left empty is None in details.",
)
def payee(subject: Subject, rail: PayoutRail) -> None:
    """Asked twice under tripwires both say the same; the payee of the author's server passes; no secret is shown."""
    if not (rail.supports("check_payee") or rail.supports("shown")):
        raise NotAsked
    given = (subject.server(rail.name) or FakeServer()).payee
    example = {**secrets(rail.payee_fields), **filled(rail.payee_fields, given)}
    faults, shown = _asked(subject, rail, example)
    if given and faults:
        raise Broken("nothing wrong with the payee of its server", plain(faults), plain(example))
    for field in rail.payee_fields:
        if field.secret and example.get(field.key) and str(example[field.key]) in shown:
            raise Broken("no secret in what everybody may read", plain(shown), f"{field.key} is secret")

    def holds(told: dict[str, Any]) -> None:
        _asked(subject, rail, told)

    search(st.fixed_dictionaries(_likely(rail.payee_fields)), subject.examples, holds)


def _likely(fields: Sequence[SettingField]) -> dict[str, st.SearchStrategy[Any]]:
    """What the form may let through, by field: of what may be left empty also the default."""
    return {
        field.key: values_of(field, CURRENCY)
        if field.required
        else st.one_of(st.just(field.default), values_of(field, CURRENCY))
        for field in fields
    }


def _asked(subject: Subject, rail: PayoutRail, told: dict[str, Any]) -> tuple[Any, str]:
    """What is wrong with details and what is shown of them; `Broken` where that is no answer, or not the same again."""
    touched: list[str] = []
    try:
        with pure() as touched:
            first, second = _answers(rail, told), _answers(rail, told)
    except Exception as error:
        if not touched:
            raise Broken(PAIRS, fell(error, subject), plain(told)) from None
    if touched:
        raise Broken("what a payee entered as all it looks at", touched[0], plain(told))
    if first != second:
        raise Broken(f"again {plain(first)}", plain(second), plain(told))
    faults, shown = first
    keys = {"", *(field.key for field in rail.payee_fields)}
    for fault in faults:
        if not (isinstance(fault, tuple) and len(fault) == 2 and fault[0] in keys and isinstance(fault[1], Text)):
            mend = f"The first of a pair is '' or one of {', '.join(sorted(keys - {''}))}, the second a T(...)."
            raise Broken(PAIRS, plain(fault), plain(told), mend)
    if not isinstance(shown, str):
        raise Broken("a text of shown", plain(shown), plain(told))
    return faults, shown


def _answers(rail: PayoutRail, told: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
    return tuple(rail.check_payee(dict(told))), rail.shown(dict(told))
