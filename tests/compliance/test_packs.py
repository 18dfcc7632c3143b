"""The packs in the box: sourced, dated, translatable, and all rows of the facts in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.compliance.extract import extract_pack
from core.compliance.validity import names_of_conditions, period
from core.plugin_api.compliance import CompliancePack, Confidence
from tests.compliance.facts import PACKS

FOLDER = Path(__file__).parents[2] / "plugins/compliance"
ROWS = {"EU": 24, "FI": 22, "SE": 15, "NO": 8}


@pytest.mark.parametrize("country", sorted(PACKS))
def test_every_row_of_the_facts_is_there(country: str) -> None:
    ids = {rule.id for rule in PACKS[country].rules}
    assert ids >= {f"{country}-{number:02}" for number in range(1, ROWS[country] + 1)}


@pytest.mark.parametrize("country", sorted(PACKS))
def test_every_pack_follows_the_schema(country: str) -> None:
    assert CompliancePack.load(FOLDER / country.lower() / "pack.yaml") == PACKS[country]


@pytest.mark.parametrize("country", sorted(PACKS))
def test_every_rule_is_sourced_and_dated(country: str) -> None:
    for rule in PACKS[country].rules:
        assert rule.source.title
        assert rule.source.url or rule.confidence is Confidence.GENERAL
        assert all(period(day) for day in (rule.valid_from, rule.valid_to) if day)
        assert set(rule.when) <= set(names_of_conditions())


@pytest.mark.parametrize("country", sorted(PACKS))
def test_every_text_of_a_pack_is_found_for_translation(country: str) -> None:
    with (FOLDER / country.lower() / "pack.yaml").open("rb") as file:
        found = {message for _, _, message, _ in extract_pack(file, {}, (), {})}
    pack = PACKS[country]
    texts = [pack.title, *(text for rule in pack.rules for text in (rule.title, rule.message, rule.fix) if text)]
    assert found == {text.msgid for text in texts}


def test_a_line_number_leads_to_the_message() -> None:
    path = FOLDER / "fi/pack.yaml"
    lines = path.read_text("utf-8").splitlines()
    with path.open("rb") as file:
        assert all(message[:20] in lines[line - 1] for line, _, message, _ in extract_pack(file, {}, (), {}))
