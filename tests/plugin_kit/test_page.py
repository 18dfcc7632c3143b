"""What the page for authors says of the kit is true."""

from __future__ import annotations

import re

from core.plugin_kit.checks import known
from tests.plugin_kit.bench import GOOD, ROOT

PAGE = (ROOT / "docs/plugins/kit.md").read_text("utf-8")


def test_every_check_is_told_with_its_promise_and_no_other() -> None:
    told = dict(re.findall(r"^\| `([a-z-]+)` \| (.+?) \| .+ \|$", PAGE, re.M))
    assert told == {check.id: check.promise for check in known().values()}


def test_the_server_it_shows_is_the_one_that_is_tried() -> None:
    assert (GOOD / "good_rail" / "fake.py").read_text("utf-8") in PAGE
