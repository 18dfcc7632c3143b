"""Every plugin in the box keeps every promise of the kit."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.plugin_host.loader import Candidate, in_the_box
from tests.plugin_kit.bench import NAMES, failed, put, subject_of

BOX = in_the_box()


@pytest.mark.parametrize("candidate", BOX, ids=[candidate.name for candidate in BOX])
def test_a_plugin_in_the_box_keeps_every_promise(candidate: Candidate) -> None:
    found = failed(subject_of(candidate, examples=15))
    assert not found, "\n\n".join(found.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_foreign_plugin_keeps_every_promise(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = failed(subject_of(put(tmp_path, monkeypatch, name)))
    assert not found, "\n\n".join(found.values())
