"""The kit lets a model price by kind, and tells who reads the kind out of a title."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.plugin_kit.checks import known, run
from samverk import DeliverableApproved, Fact, FieldKind, Line, Money, PaymentModel, Planned, SettingField, T, Terms
from tests.collaborations.kindly import model_of
from tests.foreign import candidate
from tests.plugin_kit.bench import subject_of

KindPay = model_of("1")
CHECKS = ("earns", "line-keys", "fact-order", "simulator", "cap")


class ByTitle(KindPay):  # type: ignore[valid-type, misc]
    """Reads its kind out of words."""

    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        named = [f for f in facts if isinstance(f, DeliverableApproved)]
        told = [replace(f, kind="reel" if "reel" in str(f.title).lower() else "story") for f in named]
        return list(super().earned(terms, [replace(f, platform="instagram") for f in told]))


class OfFive(KindPay):  # type: ignore[valid-type, misc]
    """Reserves for five pieces at most, however many are planned and paid."""

    def cap(self, terms: Terms, planned: Planned) -> Money:
        most: Money = super().cap(terms, Planned(pieces=planned.pieces[:5]))
        return most


class UpTo(KindPay):  # type: ignore[valid-type, misc]
    """Reserves what the terms say, and leaves it to core to cut what goes beyond."""

    terms = (*KindPay.terms, SettingField("most", T("At most"), FieldKind.MONEY, minimum=1))

    def cap(self, terms: Terms, planned: Planned) -> Money:
        counted: Money = super().cap(terms, planned)
        return min(counted, terms.money("most"))


TRIED = [(KindPay, []), (ByTitle, ["simulator"]), (OfFive, ["cap"]), (UpTo, [])]


@pytest.mark.parametrize(("model", "broken"), TRIED)
def test_who_prices_by_kind(model: type[PaymentModel], broken: list[str]) -> None:
    subject = subject_of(candidate(model, name="pay_by_kind"), examples=40)
    found = [run(subject, known()[name], "kind_pay", subject.provided("payment_models")["kind_pay"]) for name in CHECKS]
    assert [one.check.id for one in found if one is not None and one.broken is not None] == broken
