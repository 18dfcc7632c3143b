"""When a connector has no answer: what that means, and when it is asked again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.plugin_api import context
from core.plugin_api.context import ConnectorError, RateLimited
from core.plugin_api.text import T, Text
from core.redaction import redacted

FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=5), timedelta(hours=6)
LEAST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=24)
"""Between what the other side may ask for when it was asked too often."""
FAILED = "failed"
RECONNECT, NEVER = "AuthExpired", "NotSupported"
FINAL = frozenset({RECONNECT, NEVER})
"""What no waiting mends: a person or another version of the plugin does."""
NAMES = (RECONNECT, NEVER, "NotFound", "RateLimited", "BadAnswer", "BadSignature", "Unavailable")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no answer: the name of the `ConnectorError`, or `FAILED` when the plugin itself failed."""

    kind: str
    message: Text
    retry_after: timedelta = timedelta(0)


def fault_of(said: ConnectorError) -> Fault:
    """A connector's error by its nearest known name; a bare one counts as `Unavailable`."""
    kind = next((name for name in NAMES if isinstance(said, getattr(context, name))), "Unavailable")
    pause = getattr(said, "retry_after", 0) if isinstance(said, RateLimited) else 0
    whole = pause if isinstance(pause, int) else 0
    bounded = min(max(whole, 0), int(LONGEST_PAUSE.total_seconds()))
    return Fault(kind, _sentence(said.message), timedelta(seconds=bounded))


def after(every: timedelta, failures: int, fault: Fault | None, now: datetime) -> datetime | None:
    """When to ask again; None when only a person or another version of the plugin can change anything.

    `failures` counts the bad answers in a row, this one included.
    """
    if fault is None:
        return now + every
    if fault.kind in FINAL:
        return None
    if fault.kind == "RateLimited":
        return now + min(max(fault.retry_after, LEAST_PAUSE), LONGEST_PAUSE)
    delay: timedelta = min(FIRST_DELAY * 2 ** min(max(failures - 1, 0), 20), LONGEST_DELAY)
    return now + delay


def stored(message: Text) -> dict[str, Any]:
    """A plugin's message as it is kept: without the secrets that it quotes."""
    kept: dict[str, Any] = json.loads(redacted(json.dumps(message.to_json(), default=str)))
    return kept


def _sentence(message: object) -> Text:
    """The message, or one of ours where there is none."""
    if isinstance(message, Text) and str(message):
        return message
    return T("The other side could not be used.")
