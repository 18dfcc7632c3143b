"""A model that cannot tell its terms, its months or its own faults: the pages stand, and nothing is agreed by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from sqlalchemy.orm import Session

from core.collaborations import service, terms
from core.deals.simulate import outcomes, simulate
from core.deals.terms import describe, months_of
from core.errors import Invalid, Refused
from core.money import Money
from samverk import DeliverableApproved, Fact, Line, PaymentModel, Planned, T, Terms, Text
from tests.collaborations import stage as offers
from tests.payouts.rails import host_of
from tests.payouts.stage import BASE, component
from tests.world import World

PARTS = [component("c1", "vague"), component("c2", "fixed", amount=60_000, per="deliverable")]


class Vague(PaymentModel):
    """Says what a test wants."""

    name = "vague"
    title = T("Vague")
    uses = (DeliverableApproved,)
    says: ClassVar[Any] = [T("Something.")]
    lasts: ClassVar[Any] = 0
    blames: ClassVar[Any] = ()

    def describe(self, terms: Terms) -> Sequence[Text]:
        said: Sequence[Text] = self.says
        return said

    def months(self, terms: Terms) -> int:
        months: int = self.lasts
        return months

    def check_terms(self, terms: Terms) -> Any:
        return self.blames

    def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
        return []

    def cap(self, terms: Terms, planned: Planned) -> Money:
        return Money(1_000, terms.currency)


@pytest.fixture
def stage(session: Session, world: World, monkeypatch: pytest.MonkeyPatch) -> offers.Stage:
    """A campaign in a house with the plugin."""
    host = host_of(Vague)
    monkeypatch.setattr(offers, "host", lambda: host)
    return offers.build(session, world)


@pytest.mark.parametrize(
    "says", [["plain words"], [None], T("Something."), None, [T("%(it)s", it="\ud800")], [T("Again.")] * 101]
)
def test_terms_that_cannot_be_told_are_not_agreed(
    stage: offers.Stage, monkeypatch: pytest.MonkeyPatch, says: Any
) -> None:
    made = stage.offer(components=PARTS)
    monkeypatch.setattr(Vague, "says", says)
    assert "terms are told as a list of at most 100 Text" in str(describe(offers.host(), PARTS)[0][1][0])
    with pytest.raises(Refused, match="Nothing can be agreed by terms that cannot be told"):
        service.accept(stage.session, stage.creator, collaboration=made, number=1, host=offers.host(), base_url=BASE)


@pytest.mark.parametrize("lasts", [200_000, -1, True, None])
def test_months_beyond_a_life_are_none(stage: offers.Stage, monkeypatch: pytest.MonkeyPatch, lasts: Any) -> None:
    monkeypatch.setattr(Vague, "lasts", lasts)
    host = offers.host()
    assert months_of(host, PARTS) == 1
    plan = terms.planned(host, PARTS, offers.WORK)
    assert simulate(host, PARTS, outcomes(plan, 3, Money(300, "EUR"))[1], plan).sum("EUR")


@pytest.mark.parametrize("blames", [[("", "plain words")], {"amount": None}, [(5, T("No."))]])
def test_faults_that_are_no_words_are_the_plugins_fault(
    stage: offers.Stage, monkeypatch: pytest.MonkeyPatch, blames: Any
) -> None:
    monkeypatch.setattr(Vague, "blames", blames)
    with pytest.raises(Invalid) as told:
        stage.offer(components=PARTS)
    assert "what is wrong with terms is told as pairs" in str(told.value.message)
