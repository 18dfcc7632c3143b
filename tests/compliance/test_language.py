"""The page for authors tells the whole language of packs: what the schema takes, what core fills in and says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.compliance.engine import check_content
from core.compliance.kit import contract_clauses
from core.compliance.messages import OWN_WORDS, SAID
from core.plugin_api.compliance import CompliancePack, DealContext, Verdict
from core.plugin_api.compliance_file import OWN_WORDS as FIELDS
from core.plugin_api.compliance_file import pack_schema
from core.plugin_api.text import Text
from tests.compliance.facts import PACKS, facts, overlay

PAGE = (Path(__file__).parents[2] / "docs/plugins/compliance.md").read_text("utf-8")
SCHEMAS: dict[str, Any] = pack_schema()["$defs"]
KINDS: dict[str, Any] = SCHEMAS["kinds"]


def rows(heading: str) -> Iterator[list[str]]:
    """The cells of the table below a heading."""
    text = PAGE.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    yield from (line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `"))


def named(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def values(schema: dict[str, Any]) -> set[str]:
    """What a field takes, as the page says it."""
    schema = SCHEMAS.get(schema.get("$ref", "").rpartition("/")[2], schema)
    return set(
        schema.get("among") or schema.get("enum") or (["true", "false"] if schema.get("type") == "boolean" else ())
    )


def test_every_kind_is_told_with_its_fields_and_what_is_filled_in() -> None:
    told = {cells[0].strip("`"): cells for cells in rows("Kinds")}
    assert list(told) == list(KINDS) == SCHEMAS["rule"]["properties"]["kind"]["enum"]
    for kind, schema in KINDS.items():
        _, _, fields, own = told[kind]
        properties = schema.get("properties", {})
        assert named(fields) == properties.keys() - {"when", *FIELDS}, kind
        assert set(re.findall(r"\*\*`(\w+)`\*\*", fields)) == set(schema.get("required", ())) - {"when", *FIELDS}, kind
        filled = {f"%({name})s" for name in properties.get("message", {}).get("placeholders", ())}
        assert named(own) == filled | (properties.keys() & FIELDS), kind
        assert ("(needed)" in own) is ("message" in schema.get("required", ())), kind


def test_every_condition_is_told_with_its_values() -> None:
    told = {cells[0].strip("`"): named(cells[2]) for cells in rows("When a rule counts")}
    assert told == {key: values(schema) for key, schema in SCHEMAS["when"]["properties"].items()}


def test_every_finding_is_told_in_cores_own_words() -> None:
    told = {(cells[0].strip("`"), cells[1].strip("`")): cells for cells in rows("What core says")}
    assert {key for _, key in told} | {"unchecked"} == SAID.keys()
    for (kind, key), cells in told.items():
        message, fix = SAID[key]
        assert [cell.strip() for cell in [*cells[3:], ""][:2]] == [_read(message), _read(fix)], key
        assert (cells[2] == "own words") is (key in OWN_WORDS.get(kind, ())), key
    faults = set(KINDS["placement"]["properties"]["faults"]["properties"])
    assert faults - {"text_only_claimed"} <= {key for kind, key in told if kind == "placement"}
    assert _read(SAID["unchecked"][0]) in PAGE


def _read(text: Text | None) -> str:
    return text.msgid.replace("%%", "%") if text else ""


def test_every_field_of_a_rule_and_of_the_head_is_told() -> None:
    fields = {*SCHEMAS["rule"]["properties"], *pack_schema()["properties"]["pack"]["properties"]}
    fields |= {*SCHEMAS["label"]["properties"], *SCHEMAS["source"]["properties"]}
    assert {name for name in fields if not re.search(rf"\b{name}\b", PAGE)} == set()
    for name in ("basis", "confidence"):
        assert all(f"`{value}`" in PAGE for value in SCHEMAS["rule"]["properties"][name]["enum"])


def test_own_words_are_taken_by_the_kinds_that_have_a_place_for_them_and_by_no_other() -> None:
    spoken = {kind for kind, schema in KINDS.items() if "message" in schema.get("properties", {})}
    assert spoken == {*OWN_WORDS, "contract_clause"}


BEYOND = {"compensation": ["none"], "deal": {"arises_from_deal": True, "publication_no": 1}}
DISPUTED = {"law_disputed_by_influencer": True, "influencer_residence": "ES"}
STATED: list[tuple[str, str, dict[str, Any], str]] = [
    ("FI", "duty", {"caption": "Uusi voide"}, "missing"),
    ("SE", "deal_duty", {"caption": "Bilder", **BEYOND}, "missing"),
    ("SE", "label", {"caption": "Samarbete med Lumi Nordic"}, "rejected"),
    ("SE", "label", {"caption": "Betalt samarbete med Lumi Nordic"}, "doubtful"),
    ("FI", "language", {"caption": "Reklam Lumi Nordic"}, "foreign"),
    ("FI", "platform_tool", {"platform_tag_used": True}, "tag_only"),
    ("NO", "exempt", {"account_presentation": "company", "account_operator": "brand"}, "exempt"),
    ("SE", "disputed", {"caption": "Hej", **DISPUTED}, "disputed"),
    ("NO", "image_mark", {"labels": [overlay("Reklame | Lumi Nordic")], "image_edits": ["skin"]}, "mark_missing"),
    ("FI", "fact", {"brand_instruction_given": False}, "fact"),
]  # fmt: skip


@pytest.mark.parametrize(("country", "kind", "stated", "key"), STATED, ids=[f"{k}-{key}" for _, k, _, key in STATED])
def test_own_words_are_read_where_they_are_taken_and_all_names_are_filled_in(
    country: str, kind: str, stated: dict[str, Any], key: str
) -> None:
    names = KINDS[kind]["properties"]["message"]["placeholders"]
    pattern = Text("Mine: " + ", ".join(f"{name}=%({name})s" for name in names))
    rules = tuple(
        replace(rule, message=pattern, fix=pattern) if rule.kind == kind else rule for rule in PACKS[country].rules
    )
    findings = check_content([replace(PACKS[country], rules=rules)], facts(country, **stated)).findings
    own = [finding for finding in findings if finding.message.msgid == pattern.msgid]
    assert own and key in OWN_WORDS[kind]
    for finding in own:
        assert "%(" not in str(finding.message) and "=, " not in f"{finding.message}, ".replace("found=, ", "")
        assert finding.fix is not None or finding.verdict is Verdict.OK


def test_what_is_filled_into_a_clause() -> None:
    names = KINDS["contract_clause"]["properties"]["message"]["placeholders"]
    pattern = Text(", ".join(f"%({name})s" for name in names))
    rules = tuple(replace(r, message=pattern) if r.kind == "contract_clause" else r for r in PACKS["FI"].rules)
    pack: CompliancePack = replace(PACKS["FI"], rules=rules)
    deal = DealContext(markets=("FI",), brands=("X",), compensation=("paid",), signed_on=facts("FI").posted_on)
    assert [str(clause.body) for clause in contract_clauses([pack], deal)] == ["Mainos X, X"]
