"""What a plugin hands over is refused where it is made, by the name of its field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from samverk import (
    Disclosure,
    EvidenceLevel,
    Metrics,
    Money,
    Onboarding,
    Page,
    Parsed,
    Post,
    PostRef,
    Profile,
    RailEvent,
    RefundRecord,
    SaleRecord,
    T,
)

AT, BARE = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 2)  # noqa: DTZ001 - one without a zone is the point
PAID = Money(4990, "EUR")
REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: SaleRecord("1", PAID, BARE), "SaleRecord.at takes a moment with a time zone, not a moment without one"),
    (lambda: RefundRecord("R1", "1", PAID, BARE), "RefundRecord.at takes a moment with a time zone"),
    (lambda: RefundRecord("R1", 1, PAID, AT), "RefundRecord.refund_of takes a text, not int"),  # type: ignore[arg-type]
    (lambda: SaleRecord("1", 4990, AT), "SaleRecord.amount takes Money, not int"),  # type: ignore[arg-type]
    (lambda: Metrics("p", BARE), "Metrics.at takes a moment with a time zone"),
    (lambda: Metrics("p", AT, {"views": 1, "likes": "12"}), "Metrics.values takes a whole number for each name, "),  # type: ignore[dict-item]
    (lambda: Metrics("p", AT, {"likes": True}), "not dict of bool"),
    (lambda: Metrics("p", AT, {}, 4), "Metrics.evidence takes EvidenceLevel, not int"),  # type: ignore[arg-type]
    (lambda: Post("p", "u", BARE), "Post.published_at takes a moment with a time zone or None"),
    (lambda: PostRef(7, "u"), "PostRef.post takes a text, not int"),  # type: ignore[arg-type]
    (lambda: Profile("a", "a", followers=12.5), "Profile.followers takes a whole number or None, not float"),  # type: ignore[arg-type]
    (lambda: Profile("a", "a", followers=True), "Profile.followers takes a whole number or None, not bool"),
    (lambda: Disclosure(1), "Disclosure.labelled takes True or False or None, not int"),  # type: ignore[arg-type]
    (lambda: Disclosure(True, brands="Lumi"), "Disclosure.brands takes a list, each of it a text, not str"),  # type: ignore[arg-type]
    (lambda: RailEvent("e", "r", "sent", BARE), "RailEvent.at takes a moment with a time zone"),
    (lambda: Onboarding("yes"), "Onboarding.ready takes True or False, not str"),  # type: ignore[arg-type]
    (lambda: Onboarding(False, None, ["Sign"]), "Onboarding.missing takes a list, each of it Text, not list of str"),  # type: ignore[list-item]
    (lambda: Page([], 2), "Page.cursor takes a text or None, not int"),  # type: ignore[arg-type]
    (lambda: Page({"a": 1}), "Page.records takes a list, not dict of int"),  # type: ignore[arg-type]
    (lambda: Parsed([], ["row 2"]), "Parsed.errors takes a list, each of it RowError, not list of str"),  # type: ignore[list-item]
]  # fmt: skip


@pytest.mark.parametrize(("make", "said"), REFUSED, ids=[said.split(" takes ")[0] for _, said in REFUSED])
def test_a_value_of_another_type_is_refused_by_its_field(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(TypeError) as caught:
        make()
    assert said in str(caught.value)


def test_a_refusal_tells_no_value() -> None:
    with pytest.raises(TypeError) as caught:
        Profile("aino", "aino", name=["Aino Laine"])  # type: ignore[arg-type]
    assert str(caught.value) == "Profile.name takes a text, not list of str"


def test_what_the_contract_allows_is_taken() -> None:
    assert SaleRecord("1", PAID, AT).code == ""
    assert Metrics("p", AT, {"views": 0}, EvidenceLevel.MEASURED).values == {"views": 0}
    assert Profile("a", "a", followers=None, verified=None).posts is None
    assert Disclosure(None, brands=("Lumi",)).brands == ("Lumi",)
    assert Onboarding(False, "https://gate.example", (T("Sign."),)).missing
    assert Page((), None).cursor is None and Parsed([PAID]).records == [PAID]
