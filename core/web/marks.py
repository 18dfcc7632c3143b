"""Small marks that lists draw by the hundred: plain functions, since a Jinja macro costs ten times as much."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup, escape

LETTERS = "aeioubcdfghjklmnpqrstvwxyzåäöæø"
HUES = 8


@lru_cache(maxsize=4096)
def avatar(name: str | None) -> Markup:
    """A person's initials on one of eight colours, always the same for the same name."""
    told = (name or "?").strip() or "?"
    first, *more = told.split()
    last = more[-1] if more else first
    second, initial, inner = (LETTERS.find(text.lower()) for text in (told[1:2], told[:1], last[1:2]))
    hue = (second + 3 * initial + 5 * inner + len(told)) % HUES
    initials = escape((first[:1] + (last[:1] if more else "")).upper())
    return Markup(f'<span class="avatar" data-hue="{hue}" aria-hidden="true">{initials}</span>')  # noqa: S704 - escaped above
