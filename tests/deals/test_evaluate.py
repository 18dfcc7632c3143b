"""A model that fails puts its own component on hold; its sum is unknown, and never nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

import pytest

from core.deals.evaluate import evaluate, limit, reserve
from core.plugin_host.records import Failure
from samverk import (
    Component,
    Deal,
    DeliverableApproved,
    Fact,
    Line,
    Maximum,
    Money,
    Net,
    Part,
    PaymentModel,
    Period,
    Planned,
    Sale,
    Scope,
    Settles,
    Sum,
    T,
    Terms,
    Text,
)
from tests.foreign import host_of
from tests.plugins.deals import at, component


class Odd(PaymentModel):
    """Does whatever a test wants."""

    name = "odd"
    title = T("Odd")
    answer: ClassVar[Any] = ()
    most: ClassVar[Any] = Money(10**6, "EUR")

    def describe(self, terms: Terms) -> Sequence[Text]:
        return []

    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        answer = type(self).answer
        lines: Sequence[Line] = answer(terms, facts) if callable(answer) else answer
        return lines

    def cap(self, terms: Terms, planned: Planned) -> Money:
        if isinstance(self.most, Exception):
            raise self.most
        most: Money = self.most
        return most


HOST = host_of(Odd)
FEE = component("fixed", "EUR", "fee", amount=500, per="deliverable")
ODD = component("odd", "EUR", "odd")
DONE = DeliverableApproved(key="d", at=at(0), deliverable="Reel")
SALE = Sale(key="s", at=at(1), order="7", amount=Money(1000, "EUR"))


def line(key: str = "d", amount: int = 100, currency: str = "EUR") -> Line:
    return Line(key, Money(amount, currency), Settles.CASH, T("Because"))


LIST: Any = ["why"]


def changed(**values: Any) -> Line:
    return replace(line(), **values)


def things(amount: int) -> Line:
    return Line("d", Money(amount, "EUR"), Settles.IN_KIND, T("Because"))


def _raise(terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
    raise RuntimeError("broken")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (_raise, "The plugin Odd failed: RuntimeError: broken."),
        (lambda terms, facts: None, "The plugin Odd gave a wrong answer: NoneType."),
        (lambda terms, facts: [5], "a line is not made of a key, money and a reason"),
        (lambda terms, facts: [line(currency="SEK")], "a line is in another currency than the terms"),
        (lambda terms, facts: [line(), line()], "two lines have the same key"),
        (lambda terms, facts: [changed(key=5)], "the key of a line is not a short text"),
        (lambda terms, facts: [line("d" * 160)], "the key of a line is not a short text"),
        (lambda terms, facts: [line("d\x00")], "the words of a line cannot be kept"),
        (lambda terms, facts: [changed(settles="cash")], "a line does not say how it is settled"),
        (lambda terms, facts: [line(amount=-(10**14))], "a line is of more money than can be booked"),
        (lambda terms, facts: [things(10**14)], "a line is of more money than can be booked"),
        (lambda terms, facts: [things(-5)], "its lines take back more things than they gave"),
        (lambda terms, facts: [changed(reason=T("%(who)s", who="\ud800"))], "the words of a line cannot be kept"),
        (lambda terms, facts: [changed(reason=Text("Because", LIST))], "the words of a line cannot be kept"),
    ],
)
def test_only_the_failing_component_is_on_hold(monkeypatch: pytest.MonkeyPatch, answer: Any, reason: str) -> None:
    monkeypatch.setattr(Odd, "answer", answer)
    evaluation = evaluate(HOST, [ODD, FEE], [DONE])
    assert [x.key for x in evaluation.lines] == ["fee:d"]
    assert evaluation.held == {"odd"} and reason in str(evaluation.holds[0].reason)
    assert evaluation.sum("EUR") is None, "unknown, never 0"
    assert evaluation.known("EUR") == Money(500, "EUR")


@pytest.mark.parametrize("most", [RuntimeError("no"), None, Money(1, "SEK"), Money(-1, "EUR")])
def test_a_cap_that_cannot_be_holds_the_component(monkeypatch: pytest.MonkeyPatch, most: Any) -> None:
    monkeypatch.setattr(Odd, "most", most)
    assert evaluate(HOST, [ODD, FEE], [DONE]).held == {"odd"}
    assert isinstance(reserve(HOST, [ODD, FEE], Planned()), Failure)


def test_a_vanished_plugin_holds_its_component() -> None:
    gone = Component("gone", "vanished", Terms("EUR"))
    evaluation = evaluate(HOST, [gone, FEE], [DONE])
    assert "vanished" in str(evaluation.holds[0].reason) and evaluation.known("EUR") == Money(500, "EUR")


def test_what_is_settled_together_is_held_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Odd, "answer", _raise)
    other = component("fixed", "EUR", "other", amount=50, per="deliverable")
    deal = Deal((ODD, FEE, other), Sum((Maximum((Part("fee"), Part("odd")), id="larger"), Part("other"))))
    evaluation = evaluate(HOST, deal, [DONE])
    assert evaluation.held == {"odd", "fee", "larger"}, "else the guarantee would be paid on top"
    assert [x.key for x in evaluation.lines] == ["other:d"]


def test_an_advance_is_taken_off_what_is_earned() -> None:
    share = component("commission", "EUR", "share", percent="10", cap=10**6)
    deal = Deal((FEE, share), Net(Part("share"), Part("fee"), id="advance"))
    for sold, total in ((1000, 500), (5000, 500), (9000, 900)):
        sale = Sale(key="s", at=at(1), order="7", amount=Money(sold, "EUR"))
        assert evaluate(HOST, deal, [DONE, sale]).sum("EUR") == Money(total, "EUR")
    assert reserve(HOST, deal, Planned()) == Money(10**6, "EUR")


def test_a_sale_in_another_currency_waits_alone() -> None:
    share = component("commission", "EUR", "share", percent="10", cap=10**6)
    foreign = Sale(key="f", at=at(2), order="8", amount=Money(1000, "SEK"))
    evaluation = evaluate(HOST, [share, FEE], [SALE, foreign])
    assert [(hold.component, hold.fact) for hold in evaluation.holds] == [("share", "f")]
    assert "Order 8 is in SEK, the terms pay in EUR." in str(evaluation.holds[0].reason)
    assert evaluation.sum("EUR") == Money(100, "EUR")


def test_a_fact_of_one_component_is_seen_by_no_other() -> None:
    twin = component("fixed", "EUR", "twin", amount=70, per="deliverable")
    own = DeliverableApproved(key="d2", at=at(0), deliverable="Story", component="twin")
    assert [x.key for x in evaluate(HOST, [FEE, twin], [own]).lines] == ["twin:d2"]


def test_each_scope_sees_its_own_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def note(terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        seen.append([fact.key for fact in facts])
        return []

    monkeypatch.setattr(Odd, "answer", note)
    late = Sale(key="late", at=at(60 * 24 * 40), order="9", amount=Money(1, "EUR"))
    january = Period(key="jan", at=at(60 * 24 * 31), start=date(2026, 1, 1), end=date(2026, 2, 1))
    expected = {
        Scope.FACT: [["d"], ["s"], ["jan"], ["late"]],
        Scope.PERIOD: [["jan", "d", "s"]],
        Scope.AGREEMENT: [["d", "s", "jan", "late"]],
    }
    for scope, groups in expected.items():
        monkeypatch.setattr(Odd, "scope", scope)
        seen.clear()
        assert not evaluate(HOST, [ODD], [late, january, SALE, DONE]).holds
        assert seen == groups


def test_the_running_total_meets_the_cap_in_the_order_of_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Odd, "answer", lambda terms, facts: [line(fact.key, 60) for fact in facts])
    monkeypatch.setattr(Odd, "most", Money(100, "EUR"))
    facts = [
        Sale(key=key, at=at(minute), order=key, amount=Money(1, "EUR"))
        for key, minute in (("z", 0), ("a", 5), ("b", 9))
    ]
    earned = evaluate(HOST, [ODD], facts).lines
    assert [(x.key, x.amount.minor) for x in earned] == [("odd:z", 60), ("odd:a", 40)]
    assert limit([], Money(0, "EUR"), []) == []


def test_a_deal_names_each_component_once() -> None:
    with pytest.raises(ValueError, match="once"):
        Deal.of([FEE, FEE])
    with pytest.raises(ValueError, match="once"):
        Deal((FEE, ODD), Part("fee"))
    with pytest.raises(ValueError, match="differ"):
        Deal((FEE, ODD), Maximum((Part("fee"), Part("odd")), id="fee"))
