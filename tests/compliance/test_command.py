"""`samverk compliance check`: a line for every case, a count, and clear words about a bad file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.cli.compliance import compliance

CASES = Path(__file__).parents[2] / "plugins/compliance/fi/cases.jsonl"


@pytest.fixture(autouse=True)
def own_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMVERK_INSTANCE", str(tmp_path / "instance"))


def run(path: Path) -> Result:
    return CliRunner().invoke(compliance, ["check", "--cases", str(path)])


def test_every_case_of_a_pack_is_as_expected() -> None:
    result = run(CASES)
    *lines, last = result.output.splitlines()
    count = len(CASES.read_text("utf-8").splitlines())
    assert result.exit_code == 0
    assert last == f"{count} of {count} as expected"
    assert [set(json.loads(line)) for line in lines] == [{"id", "verdict", "rules"}] * count


def test_a_country_without_a_pack_is_unknown(tmp_path: Path) -> None:
    case = json.loads(CASES.read_text("utf-8").splitlines()[0])
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps({**case, "jurisdiction": "BR"}) + "\n\n", "utf-8")
    assert json.loads(run(path).output.splitlines()[0]) == {"id": case["id"], "verdict": "unknown", "rules": []}


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"id": "X-01"}', '{"id": "X-01", "jurisdiction": "FI", "meta": {"compensation": []}}']
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(CASES.read_text("utf-8").splitlines()[0] + "\n" + line + "\n", "utf-8")
    result = run(path)
    assert result.exit_code == 1
    assert "Line 2" in result.output
    assert "Traceback" not in result.output
