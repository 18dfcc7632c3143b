"""How findings are made: fences, what blocks, whose rules apply, labels, clauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.compliance.engine import check_content, check_everywhere
from core.compliance.jurisdictions import Reach, resolve_jurisdictions
from core.compliance.kit import contract_clauses
from core.compliance.told import label_kit
from core.errors import Invalid
from core.plugin_api.compliance import (
    Basis,
    Blocks,
    CompliancePack,
    ComplianceRule,
    Confidence,
    ContentContext,
    DealContext,
    Finding,
    Source,
    Verdict,
)
from core.plugin_api.contract import ContractError
from core.plugin_api.text import T
from tests.compliance.facts import PACKS, facts


class Raises(ComplianceRule):
    id = "FI-99"
    title = T("Raises")
    source = Source("test", "")

    def check(self, context: ContentContext) -> Sequence[Finding]:
        raise RuntimeError("broken")


class Remembers(Raises):
    def check(self, context: ContentContext) -> Sequence[Finding]:
        return [
            Finding(
                rule_id=self.id,
                rule_version="1",
                jurisdiction="FI",
                verdict=Verdict.VIOLATION,
                blocks=Blocks.BY_DEFAULT,
                message=self.title,
                fix=None,
                basis=Basis.STATUTE,
                confidence=Confidence.GENERAL,
                source=self.source,
            )
        ]


def test_a_rule_that_raises_blocks_until_a_person_waives_it() -> None:
    pack = replace(PACKS["FI"], code=(Raises(),))
    report = check_content([pack], facts("FI", "Mainos Lumi Nordic"))
    (finding,) = report.holding_up()
    assert finding.rule_id == "FI-99"
    assert finding.blocks is Blocks.UNTIL_WAIVED
    assert report.verdict is Verdict.NEEDS_REVIEW
    assert any(other.rule_id == "FI-02" and other.verdict is Verdict.OK for other in report.findings)


def test_a_broken_pack_costs_its_own_answer_only() -> None:
    broken = replace(PACKS["FI"], rules=(replace(PACKS["FI"].rules[0], when={"no_such_fact": True}),))
    report = check_content([broken, PACKS["SE"]], facts("SE", "Mitt schampo"))
    assert [finding.jurisdiction for finding in report.holding_up()] == ["FI", "SE"]


def test_a_coded_rule_that_is_only_remembered_asks_for_review_at_the_worst() -> None:
    report = check_content([replace(PACKS["FI"], code=(Remembers(),))], facts("FI", "Mainos Lumi Nordic"))
    assert report.verdict is Verdict.NEEDS_REVIEW
    assert not report.holding_up()


def test_a_trade_code_blocks_only_a_brand_that_chose_so() -> None:
    report = check_content([PACKS["SE"]], facts("SE", "Partner | @luminordic", compensation=["ambassador"]))
    assert report.verdict is Verdict.VIOLATION
    assert not report.holding_up()
    assert report.holding_up(own_codes_bind=True)


def test_findings_name_the_words_of_the_country_and_what_to_change() -> None:
    report = check_content([PACKS["SE"]], facts("SE", "I samarbete med Lumi Nordic | schampo"))
    worst = next(finding for finding in report.findings if finding.verdict is Verdict.VIOLATION)
    assert (
        str(worst.message)
        == "The court has found that “i samarbete med” does not show that a publication is paid advertising."
    )
    assert str(worst.fix) == "Write “Reklam för Lumi Nordic” at the very start."
    assert (worst.rule_id, worst.basis, worst.source.title[:2]) == ("SE-06", Basis.COURT, "JP")
    assert worst.valid_from == date(2019, 12, 5)


def test_what_is_right_is_said_too() -> None:
    report = check_content([PACKS["FI"]], facts("FI", "Mainos Lumi Nordic | voide"))
    assert {finding.rule_id for finding in report.findings} == {"FI-02", "FI-11", "FI-13"}
    assert all(finding.verdict is Verdict.OK and finding.source.title for finding in report.findings)


def test_whose_rules_apply() -> None:
    found = resolve_jurisdictions(
        markets=["SE"],
        residence="NO",
        language="sv",
        audience_shares={"FI": 0.2, "DK": 0.02, "US": 0.01},
        followers=6_000_000,
        brand_seat="DK",
    )
    assert {item.code: item.reach for item in found} == {
        "SE": Reach.FULL,
        "NO": Reach.FULL,
        "FI": Reach.LIMITED,
        "DK": Reach.LIMITED,
        "US": Reach.LIMITED,
        "EU": Reach.FULL,
    }
    assert "SE" not in {item.code for item in resolve_jurisdictions(markets=["FI"], language="sv")}


def test_an_audience_alone_asks_for_review_at_the_worst() -> None:
    unlabelled = facts("NO", "Ny jakke", influencer_residence="US", content_language="en", target_markets=["US"])
    report = check_everywhere(PACKS.values(), replace(unlabelled, audience_country_shares={"NO": 0.4}))
    assert report.verdict is Verdict.NEEDS_REVIEW


def test_a_brands_seat_brings_only_what_binds_advertisers() -> None:
    told = facts("NO", "Reklame | Lumi Nordic", brand_instruction_given=True)
    untold = facts("NO", "Reklame | Lumi Nordic", brand_instruction_given=False)
    assert check_everywhere(PACKS.values(), told, brand_seat="FI").verdict is Verdict.OK
    assert check_everywhere(PACKS.values(), untold, brand_seat="FI").decisive == ("FI-16",)


def test_the_kit_gives_the_exact_words() -> None:
    def kit(market: str, benefit: str, language: str | None = None) -> str:
        day = date(2026, 3, 2)
        return label_kit(PACKS.values(), [market], language=language, brands=["X"], compensation=[benefit], on=day)[
            0
        ].text

    assert kit("FI", "paid") == "Mainos X"
    assert kit("FI", "gift_unsolicited") == "Mainos / Saatu X"
    assert kit("FI", "event_invite") == "Mainos / Kutsuvierastilaisuus X"
    assert kit("FI", "paid", "sv") == "Reklam X"
    assert kit("SE", "paid") == "Reklam för X"
    assert kit("NO", "paid") == "Reklame | X"


def test_a_label_that_a_person_has_to_confirm_names_the_language_that_is_wanted() -> None:
    def kit(*markets: str) -> dict[str, tuple[str, str | None]]:
        day = date(2026, 3, 2)
        found = label_kit(PACKS.values(), markets, language="da", brands=["X"], compensation=["paid"], on=day)
        return {label.market: (label.text, label.note and str(label.note)) for label in found}

    noted = "The rules of this country name no label in the language of the content (Danish); a person has to"
    (text, note) = kit("FI")["FI"]
    assert (text, note) == ("Mainos X", f"{noted} confirm this label.")
    assert kit("SE") == {"SE": ("Reklam för X", None)}, "no rule of Sweden's asks for the language of the text"
    assert kit("FI", "NO")["FI"] == ("Mainos X", None), "Norway's Reklame beside it is Danish as well"


def test_clauses_follow_the_markets() -> None:
    deal = DealContext(markets=("FI", "NO"), brands=("X",), compensation=("paid",), signed_on=date(2026, 3, 2))
    clauses = contract_clauses(PACKS.values(), deal)
    assert {(clause.jurisdiction, clause.key) for clause in clauses} == {
        ("FI", "label_instruction"),
        ("NO", "label_every_publication"),
        ("NO", "retouched_mark"),
        ("EU", "evidence"),
    }
    told = next(clause for clause in clauses if clause.key == "label_instruction")
    assert "“Mainos X”" in str(told.body)


@pytest.mark.parametrize(
    ("meta", "field"),
    [
        ({"compensation": "paid"}, "compensation"),
        ({"posted_on": "2026-02-30"}, "posted_on"),
        ({"posted_on": None}, "posted_on"),
        ({"followers": True}, "followers"),
        ({"brands": [{"aliases": []}]}, "brands.name"),
        ({"labels": [{"text": "x", "medium": "overlay", "start_s": "0"}]}, "labels.start_s"),
    ],
)
def test_facts_of_the_wrong_kind_are_refused(meta: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        facts("FI", **meta)
    assert refused.value.field == field


def test_a_pack_that_breaks_the_schema_says_where(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "plugins/compliance/se/pack.yaml").read_text("utf-8")
    path = tmp_path / "pack.yaml"
    path.write_text(text.replace("where: anywhere", "where: nowhere"), "utf-8")
    with pytest.raises(ContractError, match=r"rule 11 \(SE-10\), where: 'nowhere' is not known, only label, anywhere$"):
        CompliancePack.load(path)
