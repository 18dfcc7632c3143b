"""Why a plugin failed, in words that can be shown, logged and stored."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from core.redaction import redacted


def reason_of(error: BaseException) -> str:
    """An exception as part of a sentence, without the secrets it may quote; of a database's the first line alone."""
    try:
        said = str(error.orig).partition("\n")[0] if isinstance(error, DBAPIError) else str(error)
        words = " ".join(redacted(said).split())
        text = "".join(filter(str.isprintable, words))[:200].rstrip(".")  # else it may be what no database takes
    except Exception:  # an exception of a plugin may not even be able to say what it is
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
