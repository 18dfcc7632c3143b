"""Two processes that start at the same moment with catalogues that are not compiled yet."""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

from core import i18n

ROUNDS = 25
PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n' + "".join(
    f'msgid "Word {number}"\nmsgstr "Sana {number}"\n\n' for number in range(200)
)


def compile_again_and_again(folder: Path, start: Barrier) -> None:
    """What a starting process does, in step with another one."""
    for number in range(ROUNDS):
        start.wait(60)
        i18n.compile_catalogues(folder / str(number))


def test_two_processes_may_compile_at_once(tmp_path: Path) -> None:
    for number in range(ROUNDS):
        place = tmp_path / str(number) / "fi" / "LC_MESSAGES"
        place.mkdir(parents=True)
        (place / "messages.po").write_text(PO)
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    both = [context.Process(target=compile_again_and_again, args=(tmp_path, start)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(90)
    assert [process.exitcode for process in both] == [0, 0]
    for number in range(ROUNDS):
        place = tmp_path / str(number) / "fi" / "LC_MESSAGES"
        assert sorted(path.name for path in place.iterdir()) == ["messages.mo", "messages.po"]
        assert i18n._load(tmp_path / str(number), "messages", "fi").gettext("Word 7") == "Sana 7"
