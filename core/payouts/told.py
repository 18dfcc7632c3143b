"""What a rail says in words, in a form that can be kept and be read later in any language."""

from __future__ import annotations

import json
from typing import Any

from core.collaborations.terms import verbatim
from core.plugin_api.text import Text

MOST_WORDS = 500


def told(words: object) -> dict[str, Any]:
    """The words as `Text.to_json`; what no JSON can carry, or is too long, is kept as it reads now."""
    text = words if isinstance(words, Text) else verbatim(str(words))
    try:
        kept = text.to_json()
        if len(json.dumps(kept)) <= 2 * MOST_WORDS:
            return kept
    except (TypeError, ValueError):  # a parameter that no JSON can carry
        pass
    return verbatim(_read(text)[:MOST_WORDS]).to_json()


def _read(text: Text) -> str:
    try:
        return str(text)
    except (KeyError, ValueError, TypeError):  # a parameter that the message wants is not there
        return text.msgid
