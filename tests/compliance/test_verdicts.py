"""Verdicts: every case that ships, and wordings, places, dates and facts that the cases do not have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.compliance.cases import judge, read_cases
from tests.compliance.facts import PACKS, mark, overlay, verdict

BOX = Path(__file__).parents[2] / "plugins/compliance"
CASES = [line for path in sorted(BOX.glob("*/cases.jsonl")) for line in path.read_text("utf-8").splitlines()]
GIFT: dict[str, Any] = {"compensation": ["gift_unsolicited"]}
TWO = [{"name": "Lumi Nordic", "aliases": ["@luminordic"]}, {"name": "Sade Oy", "aliases": ["@sade"]}]
VIDEO: dict[str, Any] = {"format": "video", "video_length_s": 200, "promo_start_s": 30, "promo_end_s": 90}


@pytest.mark.parametrize("line", CASES, ids=lambda line: json.loads(line)["id"])
def test_the_case_comes_out_as_expected(line: str) -> None:
    (case,) = read_cases([line])
    outcome = judge(list(PACKS.values()), case)
    assert outcome.verdict == case.expected
    assert outcome.rules
    assert all(rule.startswith(case.jurisdiction + "-") for rule in outcome.rules)


@pytest.mark.parametrize(
    ("country", "caption", "stated", "expected"),
    [
        ("FI", "MAINOS: @luminordic – uusi voide", {}, "ok"),
        ("FI", "✨ Mainos @luminordic ✨ uusi voide", {}, "ok"),
        ("FI", "#mainos @luminordic uusi voide", {}, "ok"),
        ("FI", "#mainosluminordic uusi voide", {}, "ok"),
        ("FI", "𝗠𝗮𝗶𝗻𝗼𝘀 Lumi Nordic uusi voide", {}, "ok"),
        ("FI", "Mai\u200bnos Lumi Nordic uusi voide", {}, "ok"),
        ("FI", "Kaupallinen yhteistyö: Lumi Nordicin kanssa", {}, "ok"),
        ("FI", "Kaupallinen yhteistyo Lumi Nordic | voide", {}, "needs_review"),
        ("FI", "#kaupallinen_yhteistyö #lumi_nordic uusi voide", {}, "ok"),
        ("FI", "Tämä on mainos: Lumi Nordic", {}, "ok"),
        ("FI", "Ei mainos! Ihana voide @luminordic", {}, "violation"),
        ("FI", "Uusi voide! Mainos Lumi Nordic", {}, "violation"),
        ("FI", "Uusi voide #love #mainos #luminordic", {}, "violation"),
        ("FI", "Yhteistyössä @luminordic | voide", {}, "needs_review"),
        ("FI", "Paid partnership with Lumi Nordic | uusi voide", {}, "violation"),
        ("FI", "Mainos Lumi Nordic | Ny kräm", {"content_language": "sv"}, "violation"),
        ("FI", "Mainos | Uusi voide @luminordic", {}, "needs_review"),
        ("FI", "Mainos Lumi Nordic ja Sade Oy | Uutta", {"brands": TWO}, "ok"),
        ("FI", "Mainos @luminordic | Uutta, myös @sade", {"brands": TWO}, "violation"),
        ("FI", "Mainos Lumi Nordic | Uutta", {"brands": [TWO[0], {**TWO[1], "compensation": "none"}]}, "ok"),
        ("FI", "Saatu mainostarkoituksessa Lumi Nordic", GIFT, "ok"),
        ("FI", "Kaupallinen yhteistyö Lumi Nordic", GIFT, "needs_review"),
        ("FI", "Mainos Lumi Nordic", {"brand_instruction_given": False}, "violation"),
        ("FI", "Ostin itse, ihana voide", {"compensation": ["none"]}, "ok"),
        ("FI", "Ihana voide", {"compensation": ["family"]}, "needs_review"),
        ("FI", None, {"labels": [{"text": "Mainos Lumi Nordic", "medium": "bio"}]}, "violation"),
        ("FI", None, {"labels": [{"text": "Mainos Lumi Nordic", "medium": "comment"}]}, "violation"),
        ("FI", None, {"platform_tag_used": True}, "needs_review"),
        ("FI", None, {**VIDEO, "labels": [overlay("Mainos Lumi Nordic", start_s=30, end_s=90)]}, "ok"),
        ("FI", None, {**VIDEO, "labels": [overlay("Mainos Lumi Nordic", start_s=50, end_s=90)]}, "violation"),
        (
            "FI",
            None,
            {**VIDEO, "labels": [overlay("Mainos Lumi Nordic", start_s=a, end_s=b) for a, b in ((60, 90), (30, 61))]},
            "ok",
        ),
        ("FI", "Mainos Lumi Nordic", {**VIDEO, "claim_media": ["spoken"]}, "violation"),
        ("SE", "REKLAM FÖR @LUMINORDIC mitt schampo", {}, "ok"),
        ("SE", "Reklam | Mitt schampo från @luminordic", {}, "ok"),
        ("SE", "Reklam | Mitt schampo", {}, "violation"),
        ("SE", "Mitt schampo #hair #reklam #luminordic", {}, "violation"),
        ("SE", "Innehåller reklam för Lumi Nordic", {}, "ok"),
        ("SE", "Mitt schampo @luminordic #reklam #hair #style", {}, "violation"),
        ("SE", "I annonssamarbete med Lumi Nordic | schampo", {}, "needs_review"),
        ("SE", "Partner @luminordic | schampo", {}, "violation"),
        ("SE", "Ad | Lumi Nordic | schampo", {}, "needs_review"),
        ("SE", "Mitt schampo", {"law_disputed_by_influencer": True, "influencer_residence": "SE"}, "violation"),
        ("SE", None, {"labels": [overlay("Reklam för Lumi Nordic", covered_by_interface=True)]}, "violation"),
        ("NO", "Annonse | Lumi Nordic | Ny jakke", {}, "ok"),
        ("NO", "Reklame | Ny jakke", {}, "violation"),
        ("NO", "Sponset av Lumi Nordic | Ny jakke", {}, "needs_review"),
        ("NO", "Innlegget inneholder produktplassering", {}, "violation"),
        ("EU", "#ad Lumi Nordic | New cream", {}, "ok"),
        ("EU", "In partnership with Lumi Nordic", {}, "needs_review"),
        ("EU", "New cream, thanks @luminordic", {}, "violation"),
        ("EU", "Kaupallinen yhteistyö Lumi Nordic", {"content_language": "fi"}, "ok"),
    ],
)
def test_words_places_and_names(country: str, caption: str | None, stated: dict[str, Any], expected: str) -> None:
    assert verdict(country, caption, **stated) == expected


@pytest.mark.parametrize(
    ("country", "caption", "day", "stated", "expected"),
    [
        ("SE", "I samarbete med Lumi Nordic", "2019-12-04", {}, "needs_review"),
        ("SE", "I samarbete med Lumi Nordic", "2019-12-05", {}, "violation"),
        ("NO", "Reklame | Lumi Nordic", "2022-06-30", {"image_edits": ["skin"]}, "ok"),
        ("NO", "Reklame | Lumi Nordic", "2022-07-01", {"image_edits": ["skin"]}, "violation"),
        ("FI", "PR-tuote Lumi Nordic", "2024-12-31", GIFT, "ok"),
        ("FI", "PR-tuote Lumi Nordic", "2025-01-15", GIFT, "needs_review"),
        ("FI", "PR-tuote Lumi Nordic", "2025-02-01", GIFT, "violation"),
        ("EU", "Advertisement Lumi Nordic", "2026-08-01", {"ai_person": True}, "ok"),
        ("EU", "Advertisement Lumi Nordic", "2026-08-02", {"ai_person": True}, "violation"),
        ("EU", "Advertisement Lumi Nordic, AI", "2026-08-02", {"ai_person": True}, "ok"),
    ],
)
def test_rules_count_from_their_day(
    country: str, caption: str, day: str, stated: dict[str, Any], expected: str
) -> None:
    assert verdict(country, caption, posted_on=day, **stated) == expected


@pytest.mark.parametrize(
    ("share", "caption", "expected"),
    [
        (0.02, "Kaupallinen yhteistyö Lumi Nordic", "ok"),
        (0.15, "Kaupallinen yhteistyö Lumi Nordic", "needs_review"),
        (0.6, "Kaupallinen yhteistyö Lumi Nordic", "violation"),
        (0.6, "Mainos Lumi Nordic", "ok"),
    ],
)
def test_minors_need_the_plain_word(share: float, caption: str, expected: str) -> None:
    assert verdict("FI", caption, audience_under18_share=share) == expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"categories": ["less_healthy_food"], "audience_under18_share": 0.6}, "violation"),
        ({"categories": ["energy_drink"], "audience_under18_share": 0.6}, "violation"),
        ({"categories": ["less_healthy_food"], "audience_under18_share": 0.03}, "ok"),
        ({"categories": ["less_healthy_food"], "audience_under18_share": 0.6, "posted_on": "2025-06-01"}, "ok"),
        ({"categories": ["less_healthy_food"], "audience_under18_share": 0.6, "age_gate_used": True}, "needs_review"),
        ({"categories": ["alcohol"]}, "needs_review"),
        ({"image_edits": ["face"]}, "needs_review"),
        ({"image_edits": ["body_size"], "labels": [mark()]}, "ok"),
        ({"image_edits": ["body_size"], "labels": [mark(area_pct=6)]}, "needs_review"),
        ({"image_edits": ["body_size"], "labels": [mark(area_pct=2)]}, "violation"),
        ({"image_edits": ["body_size"], "labels": [mark(corner="lower_right")]}, "violation"),
        ({"image_edits": ["body_size"], "labels": [overlay("Retusjert person")]}, "violation"),
    ],
)
def test_norway_limits_products_and_pictures(stated: dict[str, Any], expected: str) -> None:
    assert verdict("NO", "Reklame | Lumi Nordic | Nytt", **stated) == expected


def test_what_flows_from_a_deal_needs_a_label_beyond_the_agreed_number() -> None:
    third = {"agreed_publications": 2, "publication_no": 3, "arises_from_deal": True}
    assert verdict("SE", "Fler bilder från resan", compensation=["none"], deal=third) == "violation"
    assert verdict("SE", "Reklam för Lumi Nordic", compensation=["none"], deal=third) == "ok"


def test_stories_need_the_label_on_every_commercial_frame() -> None:
    story: dict[str, Any] = {"format": "story", "frame_count": 5, "commercial_frames": [1, 2, 3]}
    assert verdict("FI", **story, labels=[overlay("Mainos Lumi Nordic", frames=[1, 2, 3])]) == "ok"
    assert verdict("FI", **story, labels=[overlay("Mainos Lumi Nordic", frames=[2, 3])]) == "violation"


def test_other_subjects_than_content() -> None:
    posing: dict[str, Any] = {"subject": "profile", "account_presentation": "personal", "account_operator": "brand"}
    bio = {"text": "Reklame for Lumi Nordic", "medium": "bio"}
    assert verdict("NO", **posing, compensation=["own_product"]) == "violation"
    assert verdict("NO", **posing, compensation=["own_product"], labels=[bio]) == "needs_review"
    assert verdict("EU", **posing) == "violation"
    assert verdict("EU", subject="review", compensation=["employment"]) == "violation"
    unwritten = {"written": True, "clauses": ["tasks"]}
    assert verdict("FI", subject="contract", contract=unwritten, brand_instruction_given=False) == "violation"
    assert verdict("SE", subject="registration", followers=2_000_000) == "ok"
