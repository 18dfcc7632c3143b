"""For every check a plugin that breaks this promise and no other: a good one with a word changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.plugin_kit.checks import known
from tests import servers
from tests.plugin_kit.bench import Changes, failed, put, subject_of
from tests.plugin_kit.controls import CONTROLS
from tests.plugin_kit.controls.pages import STEP


@pytest.mark.filterwarnings("ignore::UserWarning")  # one of them warns of what nobody may read
@pytest.mark.parametrize(
    ("check", "name", "changes"), CONTROLS, ids=[f"{c}-{n}" for n, (c, _, _) in enumerate(CONTROLS)]
)
def test_a_broken_promise_fails_its_check_and_no_other(
    check: str, name: str, changes: Changes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = failed(subject_of(put(tmp_path, monkeypatch, name, changes), examples=20))
    assert set(found) == {check}, "\n\n".join(found.values()) or "nothing failed"
    for part in (f"The plugin {name} fails the check {check}", "  expected: ", "  seen: ", "  mend it: "):
        assert part in found[check]


def test_every_check_has_a_plugin_that_fails_it() -> None:
    assert {check for check, _, _ in CONTROLS} == set(known())


def test_tables_are_tried_on_postgresql_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: servers.Postgres
) -> None:
    server = postgres.url("postgres")
    good = put(tmp_path / "good", monkeypatch, "good_tables")
    assert not failed(subject_of(good, postgresql=server))
    narrow = {STEP: ("def upgrade():\n", "def upgrade():\n    assert op.get_bind().dialect.name == 'sqlite'\n")}
    bad = put(tmp_path / "bad", monkeypatch, "good_tables", narrow)
    assert not failed(subject_of(bad))
    found = failed(subject_of(bad, postgresql=server))
    assert set(found) == {"tables"} and "an empty database of PostgreSQL" in found["tables"]
