"""Good plugins as foreign packages, and with a word changed here or there."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest

from core.plugin_host.loader import Candidate, in_the_box
from core.plugin_kit.checks import Subject, run_all

ROOT = Path(__file__).parents[2]
GOOD = Path(__file__).parent / "good"
NAMES = sorted(folder.name for folder in GOOD.iterdir() if folder.name.startswith("good_"))


Change = tuple[str, str]
Changes = Mapping[str, Change | Sequence[Change]]


def put(folder: Path, patch: pytest.MonkeyPatch, name: str, changes: Changes | None = None) -> Candidate:
    """A good plugin on the path, with `{file: (old, new)}` changed; an old text of "" stands for the whole file."""
    target = folder / name
    shutil.copytree(GOOD / name, target, ignore=shutil.ignore_patterns("__pycache__"))
    for file, change in (changes or {}).items():
        for old, new in [change] if isinstance(change[0], str) else change:
            _edit(target / file, old, new)
    for module in [m for m in sys.modules if m.partition(".")[0] == name]:
        patch.delitem(sys.modules, module)
    patch.syspath_prepend(str(folder))
    patch.setattr(sys, "dont_write_bytecode", True)
    return Candidate(name, f"{name}-dist", "1.0", "Ada", partial(importlib.import_module, name))


def _edit(path: Path, old: str, new: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text("utf-8") if old else ""
    assert old in text, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new, 1) if old else new, "utf-8")


def subject_of(candidate: Candidate, examples: int = 25, postgresql: str = "") -> Subject:
    """A plugin beside what ships in the box."""
    others = [other for other in in_the_box() if other.name != candidate.name]
    return Subject(candidate, others, examples, postgresql)


def failed(subject: Subject) -> dict[str, str]:
    """The checks that fail, with what they say."""
    from core.plugin_kit.report import fault

    return {result.check.id: fault(result) for result in run_all(subject) if result.broken is not None}
