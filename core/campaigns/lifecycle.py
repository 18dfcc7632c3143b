"""The life of a campaign."""

from __future__ import annotations

import enum

from core.lifecycle import Machine, Turn
from core.plugin_api.text import T, Tc, Text


class State(enum.StrEnum):
    """Where a campaign is."""

    DRAFT = "draft"
    RECRUITING = "recruiting"
    ACTIVE = "active"
    PAUSED = "paused"
    WRAPPING_UP = "wrapping_up"
    COMPLETED = "completed"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"


class Action(enum.StrEnum):
    """What moves it."""

    LAUNCH = "launch"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    WRAP_UP = "wrap_up"
    COMPLETE = "complete"
    ARCHIVE = "archive"
    CANCEL = "cancel"


STATE_NAMES: dict[str, Text] = {
    State.DRAFT: T("Draft"),
    State.RECRUITING: T("Recruiting"),
    State.ACTIVE: Tc("campaign", "Active"),
    State.PAUSED: T("Paused"),
    State.WRAPPING_UP: T("Wrapping up"),
    State.COMPLETED: Tc("campaign", "Completed"),
    State.ARCHIVED: T("Archived"),
    State.CANCELLED: Tc("campaign", "Cancelled"),
}

_S, _A = State, Action
OPEN = (_S.RECRUITING, _S.ACTIVE)
CAMPAIGN = Machine(
    State,
    {
        (_S.DRAFT, _A.LAUNCH): _S.RECRUITING,
        (_S.RECRUITING, _A.START): _S.ACTIVE,
        (_S.ACTIVE, _A.PAUSE): _S.PAUSED,
        (_S.PAUSED, _A.RESUME): _S.ACTIVE,
        (_S.ACTIVE, _A.WRAP_UP): _S.WRAPPING_UP,
        (_S.WRAPPING_UP, _A.COMPLETE): _S.COMPLETED,
        (_S.COMPLETED, _A.ARCHIVE): _S.ARCHIVED,
        **{
            (state, _A.CANCEL): _S.CANCELLED
            for state in (_S.DRAFT, _S.RECRUITING, _S.ACTIVE, _S.PAUSED, _S.WRAPPING_UP)
        },
    },
    {
        _S.DRAFT: Turn.BRAND,
        _S.RECRUITING: Turn.BRAND,
        _S.ACTIVE: Turn.INFLUENCER,
        _S.PAUSED: Turn.BRAND,
        _S.WRAPPING_UP: Turn.BRAND,
        _S.COMPLETED: Turn.BRAND,
        _S.ARCHIVED: Turn.NONE,
        _S.CANCELLED: Turn.NONE,
    },
    {State(code): label for code, label in STATE_NAMES.items()},
)
