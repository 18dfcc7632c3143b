"""What a rail says in words, in a form that can be kept and be read later in any language."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from core import typed
from core.collaborations.terms import verbatim
from core.plugin_api.text import Text

MOST_WORDS = 500


def told(words: object) -> dict[str, Any]:
    """The words as `Text.to_json`; what cannot be kept so, or is too long, is kept as it reads now."""
    if isinstance(words, Text) and isinstance(words.msgid, str):
        with suppress(Exception):  # a parameter of the plugin's own, which may fail in any way
            kept = words.to_json()
            written = json.dumps(kept, ensure_ascii=False)
            if len(written) <= 2 * MOST_WORDS and typed.storable(written) and "\\u0000" not in written:
                return kept
    return verbatim(_read(words)[:MOST_WORDS]).to_json()


def _read(words: object) -> str:
    """What can be kept of the words as they read now; nothing where they cannot be read at all."""
    try:
        return "".join(letter for letter in str(words) if typed.storable(letter))
    except Exception:
        return ""
