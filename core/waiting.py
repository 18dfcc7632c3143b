"""What waits for somebody: one line of the first page, made by each room of its own things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.plugin_api.text import Text


@dataclass(frozen=True, slots=True)
class Waiting:
    """A thing whose turn it is: what, more of it, by when, and the page where it is done."""

    title: Text
    detail: Text
    due_at: datetime | None
    endpoint: str
    values: Mapping[str, Any] = field(default_factory=dict)
