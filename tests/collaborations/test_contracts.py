"""Contracts: what is in them, who signs what, and the paper in each language."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core import clock, events
from core.collaborations import document, endings, pdf, queries, service
from core.collaborations.events import ContractSigned
from core.errors import Denied, Invalid, Missing, Refused
from core.i18n import in_locale
from tests.collaborations import stage as staging
from tests.collaborations.stage import BASE, Stage
from tests.world import World


@pytest.fixture
def stage(session: Session, world: World) -> Stage:
    """A launched campaign."""
    return staging.build(session, world)


def read(stage: Stage, locale: str = "en") -> str:
    _, contract = stage.agreed()
    with in_locale(locale):
        clauses = document.readable(contract.document)
    return "\n".join(line for c in clauses for line in (c.title, *c.paragraphs, *c.items))


def test_the_contract_says_what_was_agreed(stage: Stage) -> None:
    stage.known.street, stage.known.postcode, stage.known.city = "Kaivokatu 1", "00100", "Helsinki"
    text = read(stage)
    for words in (
        "Havsro Oy Ab, business ID 9900017-1, Rantatie 12, 00150 Helsinki, Finland: the brand.",
        "Influencer (Aino Laine), Kaivokatu 1, 00100 Helsinki, Finland: the influencer.",
        "Autumn tents",
        "2 × Reel, Instagram, by 10 Dec 2026: With the tent",
        "version 1",
        "Must: Show the tent in the rain",
        "Free choice: Music as you like",
        "600",
        "10 %",
        "1,000.00",
        "Finland: “Mainos",
        "Sweden: “",
        "Labelling of advertising in Sweden",
        "Exclusivity",
        "SHA-256",
    ):
        assert words in text, words
    assert "%(" not in text


@pytest.mark.parametrize("markets", [["FI", "DK"], ["DK"]], ids="-".join)
def test_a_market_whose_rules_are_not_installed_is_told(stage: Stage, markets: list[str]) -> None:
    stage.campaign.markets = markets
    text = read(stage)
    assert "Denmark: the rules of this country are not installed, so no exact label is known." in text
    assert ("Finland: “Mainos" in text) is ("FI" in markets)


def test_countries_and_sums_follow_the_reader(stage: Stage) -> None:
    text = read(stage, "fi")
    assert "Suomi" in text and "1\xa0000,00" in text


def test_numbers_count_up_within_the_brand(stage: Stage) -> None:
    made, first = stage.agreed()
    endings.leave(stage.session, stage.creator, collaboration=made, reason="Ill", base_url=BASE)
    _, second = stage.agreed()
    year = clock.today("Europe/Helsinki").year
    assert (first.number, second.number) == (f"HAV-{year}-0001", f"HAV-{year}-0002")


def test_both_sign_the_same_text(stage: Stage) -> None:
    heard: list[int] = []
    events.subscribe(ContractSigned, lambda _session, event: heard.append(event.collaboration_id))
    made, contract = stage.agreed()
    assert made.state == "contracting" and contract.state == "sent"
    stage.sign_as("brand", made, contract, " Mia  Manager ")
    assert contract.state == "partially_signed" and not heard
    stage.sign_as("influencer", made, contract)
    assert (contract.state, made.state) == ("active", "in_progress") and made.id in heard
    paper = queries.paper(stage.session, made.id)
    assert paper and paper.signatures["brand"].typed_name == "Mia Manager"
    assert paper.signatures["influencer"].sha256 == paper.signatures["brand"].sha256 == staging.read(contract)


def test_nobody_signs_twice_for_others_or_another_text(stage: Stage) -> None:
    made, contract = stage.agreed()
    good: dict[str, Any] = {
        "collaboration": made,
        "typed_name": "X",
        "sha256": staging.read(contract),
        "base_url": BASE,
    }
    good["confirmed"] = True
    with pytest.raises(Refused, match="not the text"):
        service.sign(stage.session, stage.brand, party="brand", **{**good, "sha256": "0" * 64})
    with pytest.raises(Invalid):
        service.sign(stage.session, stage.brand, party="brand", **{**good, "typed_name": "  "})
    with pytest.raises(Denied):
        service.sign(stage.session, stage.creator, party="brand", **good)
    with pytest.raises(Missing):
        service.sign(stage.session, stage.brand, party="influencer", **good)
    service.sign(stage.session, stage.brand, party="brand", **good)
    with pytest.raises(Refused, match="nothing"):
        service.sign(stage.session, stage.brand, party="brand", **good)


def test_a_text_changed_behind_the_backs_cannot_be_signed(stage: Stage) -> None:
    made, contract = stage.agreed()
    contract.document = {**contract.document, "number": "HAV-2026-9999"}
    with pytest.raises(Refused, match="not the text"):
        stage.sign_as("brand", made, contract, "Mia")


def test_the_fingerprint_does_not_depend_on_order_or_language(stage: Stage) -> None:
    _, contract = stage.agreed()
    shuffled = json.loads(json.dumps(dict(reversed(list(contract.document.items())))))
    with in_locale("nb"):
        assert document.fingerprint(shuffled) == contract.sha256


@pytest.mark.parametrize("locale", ["en", "fi", "sv", "nb"])
def test_the_paper_takes_every_word_literally(stage: Stage, locale: str, tmp_path: Path) -> None:
    stage.campaign.name = '#read("/etc/passwd") *Åäö ÆØ* $x$ "quoted" \\ @me <label>'
    made, _ = stage.signed()
    found = queries.paper(stage.session, made.id)
    assert found
    with in_locale(locale):
        made_pdf = pdf.render(found)
        content = pdf.content(found)
    assert made_pdf.startswith(b"%PDF-") and len(made_pdf) > 5000
    assert content["signatures"][1]["name"] == "Aino Laine"
    assert any(stage.campaign.name in words for clause in content["clauses"] for words in clause["paragraphs"])


def test_each_signature_keeps_the_text_that_was_read_and_its_checksum(stage: Stage) -> None:
    made, contract = stage.agreed()
    given: dict[str, Any] = {"collaboration": made, "confirmed": True, "base_url": BASE}
    english = staging.read(contract)
    with in_locale("fi"):
        with pytest.raises(Refused, match="not the text"):
            service.sign(stage.session, stage.creator, party="influencer", typed_name="A", sha256=english, **given)
        finnish = staging.read(contract)
        service.sign(stage.session, stage.creator, party="influencer", typed_name="A", sha256=finnish, **given)
    service.sign(stage.session, stage.brand, party="brand", typed_name="M", sha256=english, **given)
    paper = queries.paper(stage.session, made.id)
    assert paper and english != finnish
    mine, theirs = paper.signatures["influencer"], paper.signatures["brand"]
    assert [hashlib.sha256(row.text.encode()).hexdigest() for row in (mine, theirs)] == [finnish, english]
    assert (mine.locale, mine.sha256, theirs.locale, theirs.sha256) == ("fi", finnish, "en", english)
    assert "Suomi" in mine.text and "Finland: the brand" in theirs.text
    assert document.fingerprint(contract.document) == contract.sha256
    notes = pdf.content(paper)["signatures"][1]["notes"]
    assert "in Suomi" in notes[0] and "influencer@example.com" in notes[1] and finnish in notes[2]


def test_another_name_than_the_accounts_has_to_be_confirmed(stage: Stage) -> None:
    made, contract = stage.agreed()
    given: dict[str, Any] = {"collaboration": made, "sha256": staging.read(contract), "base_url": BASE}
    with pytest.raises(Invalid, match="Confirm") as refused:
        service.sign(stage.session, stage.brand, party="brand", typed_name="Mickey Mouse", **given)
    assert refused.value.field == "confirmed"
    service.sign(stage.session, stage.creator, party="influencer", typed_name="aino  laine", **given)
    service.sign(stage.session, stage.brand, party="brand", typed_name="Mickey Mouse", confirmed=True, **given)
    paper = queries.paper(stage.session, made.id)
    assert paper and paper.signatures["brand"].account_email == "manager@example.com"
