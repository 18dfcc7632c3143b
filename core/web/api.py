"""/api/v1: what machines send. No cookies, no CSRF; every call is signed."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request

from core.errors import Invalid, SamverkError
from core.i18n import in_locale
from core.tracking import inbox
from core.tracking.inbox import Unsigned
from core.web.face import PUBLIC, Face
from core.web.limits import limiter
from core.web.request import commit, db, instance

api = Face("api", __name__, url_prefix="/api/v1")
MOST_BYTES = 1_000_000


def _key() -> str:
    return f"key {request.headers.get('Samverk-Key', '')[:20]}"


def _signed(_answer: Response) -> bool:
    """What nobody signed, or was too large or too strange to be looked at, does not count against the key it names."""
    return bool(g.get("signed"))


def _unsigned(answer: Response) -> bool:
    return not _signed(answer)


@api.post("/sales", PUBLIC)
@limiter.limit("120 per minute", key_func=_key, deduct_when=_signed)
@limiter.limit("60 per minute", deduct_when=_unsigned)
def sales() -> Any:
    """Sales and refunds, signed after Standard Webhooks: all of a message is taken, or nothing."""
    request.max_content_length = MOST_BYTES
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        answer = inbox.receive(db(), instance().keyring, headers, request.get_data(cache=False))
    except SamverkError as error:
        g.signed = not isinstance(error, Unsigned | Invalid)
        db().rollback()
        return _refusal(error)
    g.signed = True
    commit()
    return answer


def _refusal(error: SamverkError) -> Any:
    """What is wrong, in English, and where."""
    with in_locale("en"):
        told: dict[str, Any] = {"code": type(error).__name__.lower(), "message": str(error.message)}
    faults = getattr(error, "faults", None)
    return {"error": {**told, "faults": faults} if faults else told}, error.status
