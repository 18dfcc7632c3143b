"""/hooks: what the other side of a plugin sends by itself. No cookies, no CSRF; the plugin knows the signature."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Any

from flask import Response, g, request, url_for
from sqlalchemy.orm import Session

from core.content import measuring
from core.feeds import messages
from core.feeds.messages import Headers, PluginFailed, Receiver
from core.i18n import in_locale
from core.outbox import Later
from core.payouts import heard
from core.tracking import arriving
from core.web.face import PUBLIC, Face
from core.web.limits import limiter
from core.web.request import commit, db, instance, let_go

log = logging.getLogger("samverk")
hooks = Face("hooks", __name__, url_prefix="/hooks")
MOST_BYTES = 1_000_000
RETRY_AFTER = {"Retry-After": "120"}


def _take_figures(session: Session, **told: Any) -> int:
    return measuring.take(session, instance().plugins, **told)


def _take_word(session: Session, **told: Any) -> int:
    return heard.take(session, instance().plugins, base_url=instance().settings.base_url, **told)


RECEIVERS: Mapping[str, Receiver] = {
    "sales_sources": Receiver(arriving.sound, arriving.take),
    "platforms": Receiver(measuring.checked, _take_figures),
    "payout_rails": Receiver(heard.sound, _take_word),
}
"""The kinds of providers that are listened to."""


def address_of(plugin: str, brand: str) -> str:
    """Where the other side of a brand's plugin sends its messages to."""
    return instance().settings.base_url.rstrip("/") + url_for("hooks.message", plugin=plugin, brand=brand)


def _mailbox() -> str:
    return f"hook {request.path[:200]}"


def _signed(_answer: Response) -> bool:
    """What nobody signed, or nobody could look at, does not count against the brand that it names."""
    return bool(g.get("signed"))


def _unsigned(answer: Response) -> bool:
    return not _signed(answer)


@hooks.post("/<plugin>/<brand>", PUBLIC)
@limiter.limit("120 per minute", key_func=_mailbox, deduct_when=_signed)
@limiter.limit("60 per minute", deduct_when=_unsigned)
def message(plugin: str, brand: str) -> Any:
    """A message to a brand's plugin, taken once: told again it changes nothing."""
    request.max_content_length = MOST_BYTES
    body, host = request.get_data(cache=False), instance().plugins
    try:
        mailbox = messages.open_mailbox(db(), host, instance().keyring, plugin=plugin, brand=brand, kinds=RECEIVERS)
        let_go()  # nothing of the database is held while the plugin reads
        told = messages.read(host, mailbox, RECEIVERS, Headers(request.headers.items()), body)
    except Later:
        return _refusal("later", "Not now. Send it again in a few minutes."), 503, RETRY_AFTER
    except PluginFailed:
        incident = secrets.token_hex(4)
        log.error("incident %s: the plugin %s failed over a message", incident, plugin)
        return _refusal("pluginfailed", "The message was not taken. Send it again later.", incident=incident), 500
    g.signed = True
    faults = messages.take_down(db(), host, mailbox, RECEIVERS, told)
    commit()
    if len(faults) == len(told):
        with in_locale("en"):
            return _refusal("unread", str(faults[0].message)), 422
    return "", 204


def _refusal(code: str, words: str, **more: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": words, **more}}
