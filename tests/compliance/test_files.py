"""A pack that says what core does not know is refused at the door: rule, field, and what may stand there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.campaigns.catalogue import CATEGORIES, DELIVERABLE_KINDS, KNOWN_PLATFORMS
from core.compliance.validity import names_of_conditions
from core.plugin_api.compliance import CompliancePack
from core.plugin_api.compliance_file import pack_schema
from core.plugin_api.contract import ContractError
from core.plugin_host.host import PluginHost
from core.plugin_host.records import State
from tests.plugin_host.foreign import EXAMPLES, install

PACK = (EXAMPLES / "compliance" / "samverk_danish_rules" / "pack.yaml").read_text("utf-8")
PLACEMENT = """  - id: DK-05
    kind: placement
    title: Where nobody has to look for it
    basis: regulator_guidance
    confidence: official
    source: *media
    valid_from: null
"""
ALCOHOL = "when: {categories: [alcohol, energy_drink, tattoo_cosmetic]"
FAULTS: list[tuple[str, str, str]] = [
    ("clear enough", "“%(foud)s” clear enough", "rule 3 (DK-03), message: nothing is filled in for %(foud)s here"),
    ("clear enough", "100 % clear", "rule 3 (DK-03), message: a percent sign is written twice, %%"),
    ("a label does not help", "“%(found)s” does not help", "rule 4 (DK-06), message: nothing is filled in"),
    (ALCOHOL, "when: {categories: [foo]", "rule 4 (DK-06), when/categories: 'foo' is not known, only alcohol"),
    (ALCOHOL, "when: {categories: foo", "rule 4 (DK-06), when/categories: 'foo' is not known, only alcohol"),
    (ALCOHOL, "when: {platform: [instagrm]", "rule 4 (DK-06), when/platform: 'instagrm' is not known, only instagram"),
    (ALCOHOL, "when: {format: [foo]", "rule 4 (DK-06), when/format: 'foo' is not known, only post, carousel"),
    (ALCOHOL, "when: {catgories: [alcohol]", "rule 4 (DK-06), when: 'catgories' is not known, only compensation"),
    ("valid_from: 2022-01-01", "valid_from: 2022-13-01", "rule 4 (DK-06), valid_from: there is no day '2022-13-01'"),
    ("valid_from: 2022-01-01", 'valid_from: "2022-02-30"', "rule 4 (DK-06), valid_from: there is no day '2022-02-30'"),
    ("reviewed_on: 2026-11-22", "reviewed_on: 2026-11-31", "pack/reviewed_on: there is no day '2026-11-31'"),
    ("valid_from: 2022-01-01", "valid_from: soon", "valid_from: 'soon' is not a day, a month or a year, such as"),
    ("reviewed_on: 2026-11-22", "reviewed_on: 22.11.2026", "pack/reviewed_on: '22.11.2026' is not a day, such as"),
    ('url: "forbrugerombudsmanden.dk/', 'url: "see the web/', "is not an address, such as https://example.org/law"),
    ("id: DK-06", "id: six", "rule 4 (six), id: 'six' is not an id that begins with its country, such as FI-01"),
    ("basis: regulator_guidance", "", "rule 2 (DK-02): basis is missing"),
    ("title: ", "title: 7 # ", "title: 7 is not a text"),
    ("rules:\n", 'rules:\n  - ""\n', "rule 1: '' is not a block of fields"),
    ("standing: accepted", "standing: acepted", "rule 2 (DK-02), standing: 'acepted' is not known, only accepted"),
    ("standing: rejected", "standing: rejected\n    foo: 1", "rule 3 (DK-03): 'foo' is not known, only id, kind"),
    ("kind: fact", "kind: fakt", "rule 4 (DK-06), kind: 'fakt' is not known, only duty, deal_duty, label"),
    ("lang: en,", "lang: en, kti: false,", "rule 3 (DK-03), words/0: 'kti' is not known, only lang, text"),
    ("standing: accepted", 'standing: accepted\n    fix: "Write it"', "rule 2 (DK-02): core has its own words"),
    ("rules:\n", f'rules:\n{PLACEMENT}    message: "Where?"\n', "rule 1 (DK-05): core has its own words"),
    ("rules:\n", f"rules:\n{PLACEMENT}    faults: {{top: ok}}\n", "rule 1 (DK-05), faults: 'top' is not known"),
    ("rules:\n", "rules: {\n", "pack.yaml: while parsing"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "told"), FAULTS, ids=[told for _, _, told in FAULTS])
def test_a_fault_is_told_with_its_place_and_what_is_allowed(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    assert right in PACK
    path = tmp_path / "pack.yaml"
    path.write_text(PACK.replace(right, wrong, 1), "utf-8")
    with pytest.raises(ContractError, match=re.escape(told)) as refused:
        CompliancePack.load(path)
    assert str(refused.value).startswith("pack.yaml: ")


def test_what_is_allowed_is_told_whole(tmp_path: Path) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text(PACK.replace(ALCOHOL, "when: {nothing: 1", 1), "utf-8")
    with pytest.raises(ContractError) as refused:
        CompliancePack.load(path)
    assert all(name in str(refused.value) for name in pack_schema()["$defs"]["when"]["properties"])


def test_a_year_may_stand_without_quotes(tmp_path: Path) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text(PACK.replace("valid_from: 2022-01-01", "valid_from: 2022"), "utf-8")
    assert CompliancePack.load(path).rules[3].valid_from == "2022"


def test_a_pack_that_is_refused_leaves_its_plugin_broken_with_the_whole_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "samverk_danish_rules"
    source.mkdir()
    (source / "__init__.py").write_text((EXAMPLES / "compliance/samverk_danish_rules/__init__.py").read_text("utf-8"))
    (source / "pack.yaml").write_text(PACK.replace("kind: fact", "kind: fakt"), "utf-8")
    install(tmp_path, monkeypatch, "danish_rules", source, "samverk_danish_rules")
    host = PluginHost.load()
    record = next(record for record in host.records.values() if record.name == "danish_rules")
    assert record.state is State.BROKEN and "danish-rules" not in host.compliance
    assert "pack.yaml: rule 4 (DK-06), kind: 'fakt' is not known" in str(record.reason)
    assert "contract_clause, info" in str(record.reason)


def test_the_language_of_packs_has_every_word_of_campaigns_and_no_condition_of_its_own() -> None:
    conditions = pack_schema()["$defs"]["when"]["properties"]
    assert set(CATEGORIES) <= set(conditions["categories"]["among"])
    assert set(DELIVERABLE_KINDS) <= set(conditions["format"]["among"])
    assert set(KNOWN_PLATFORMS) <= set(conditions["platform"]["among"])
    assert set(conditions) <= set(names_of_conditions())
