"""The kit lets a model price by kind, and tells who reads the kind out of a title."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from core.plugin_kit.checks import known, run
from samverk import (
    DeliverableApproved,
    Fact,
    FieldKind,
    Line,
    Money,
    PaymentModel,
    Planned,
    Scope,
    SettingField,
    Settles,
    T,
    Terms,
    standing,
)
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


class Shrinking(KindPay):  # type: ignore[valid-type, misc]
    """Makes every piece worth less with each that follows."""

    scope = Scope.AGREEMENT

    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        lines: list[Line] = super().earned(terms, facts)
        return [replace(line, amount=line.amount.percent(Decimal(100) / len(lines) ** 2)) for line in lines]


class Late(KindPay):  # type: ignore[valid-type, misc]
    """Counts over the whole agreement, and takes something off for whatever comes after the first day."""

    scope = Scope.AGREEMENT

    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        late = [fact for fact in standing(facts) if fact.at.day > 1]
        return [*super().earned(terms, facts), *(self.less(terms, fact) for fact in late)]

    def less(self, terms: Terms, fact: Fact) -> Line:
        return Line(f"{fact.key}:late", terms.money("point") * -9, Settles.CASH, T("Late"))


class InAll(Late):
    """Says what it takes off in one line, so that nobody sees for what."""

    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        lines = super().earned(terms, facts)
        off = sum((line.amount for line in lines if line.amount.minor < 0), Money.zero(terms.currency))
        return [*(line for line in lines if line.amount.minor > 0), Line("late", off, Settles.CASH, T("Late"))]


@pytest.mark.parametrize(("model", "kept"), [(Late, True), (InAll, False), (Shrinking, False)])
def test_what_a_fact_takes_away_has_a_line_of_its_own(model: type[PaymentModel], kept: bool) -> None:
    subject = subject_of(candidate(model, name="pay_by_kind"), examples=40)
    found = run(subject, known()["past"], "kind_pay", subject.provided("payment_models")["kind_pay"])
    assert found is not None and (found.broken is None) is kept
