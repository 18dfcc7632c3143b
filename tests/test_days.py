"""When something was due, in the words of whoever reads it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core import clock, i18n


@pytest.mark.parametrize(("zone", "said"), [("UTC", "was due 30 Nov 2026"), ("Europe/Helsinki", "due today")])
def test_what_is_due_today_is_not_said_to_have_been_due(zone: str, said: str) -> None:
    with clock.frozen(lambda: datetime(2026, 12, 1, 9, 0, tzinfo=UTC)), i18n.in_locale("en", zone):
        assert i18n.overdue(datetime(2026, 11, 30, 23, 0, tzinfo=UTC)) == said
