"""What a person wishes to be asked at once: once in a minute of the clock, and who is too early is told so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from core import clock, outbox
from core.plugin_api.text import T, Text, Tn


def wish(session: Session, job: str, payload: Mapping[str, Any], of: str) -> int:
    """Let the worker do a job about the thing `of`; 0, or after how many seconds it can be wished for again."""
    now = clock.now()
    return 0 if outbox.enqueue(session, job, payload, f"{job}:{of}:{now:%Y%m%d%H%M}") else 60 - now.second


def told(seconds: int) -> Text:
    """What to say to who wished."""
    if not seconds:
        return T("The platform is asked. Its answer is here in a moment.")
    return Tn(
        "The platform was asked within this minute. It can be asked again in %(num)s second.",
        "The platform was asked within this minute. It can be asked again in %(num)s seconds.",
        seconds,
    )
