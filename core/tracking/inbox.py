"""The sales API behind its door: signature, age, the same message twice, and all or nothing."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook

from core import clock
from core.crypto import Keyring
from core.errors import Invalid, Refused, SamverkError
from core.i18n import in_locale
from core.permissions import Actor
from core.plugin_api.text import T
from core.tracking import message
from core.tracking.keys import is_live, secret_of
from core.tracking.models import ApiReceipt, SalesKey
from core.tracking.sales import Verdict, book, hold_brand, judge

TOLERANCE = timedelta(minutes=5)
NOBODY = "whsec_" + "A" * 44
MESSAGE_ID = re.compile(r"[\x21-\x7e]{1,120}")
SECONDS = re.compile(r"[0-9]{1,11}")
NAMES_OF_SALES = {"number": "order_id", "at": "sold_at"}
NAMES_OF_REFUNDS = {"number": "refund_id", "order": "order_id", "at": "refunded_at"}


class Unsigned(SamverkError):
    """A message that no living key of ours has signed, or whose time is over."""

    status = 401


class Faulty(SamverkError):
    """A message of which nothing was taken; `faults` tells each place."""

    status = 422

    def __init__(self, faults: list[dict[str, Any]]) -> None:
        """Keep the places."""
        super().__init__(T("Nothing was taken. Correct what is wrong and send the message again."))
        self.faults = faults


def receive(session: Session, keyring: Keyring, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Take a signed message once; the same one again gets the same answer and changes nothing."""
    key = _signed_by(session, keyring, headers, body)
    number, digest = headers["webhook-id"], hashlib.sha256(body).hexdigest()
    hold_brand(session, key.brand_id)
    key.last_used_at = clock.now()
    before = session.scalar(
        select(ApiReceipt).where(ApiReceipt.brand_id == key.brand_id, ApiReceipt.message_id == number)
    )
    if before is not None:
        if before.digest != digest:
            raise Refused(T("Another message with this webhook-id was taken before."))
        return before.answer
    answer = _take(session, key, body)
    session.add(ApiReceipt(brand_id=key.brand_id, message_id=number, digest=digest, answer=answer))
    session.flush()
    return answer


def _signed_by(session: Session, keyring: Keyring, headers: Mapping[str, str], body: bytes) -> SalesKey:
    """The living key that signed; who guesses cannot tell an unknown key from a wrong signature."""
    number, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not MESSAGE_ID.fullmatch(number) or not SECONDS.fullmatch(stamp):
        raise Unsigned(T("The headers webhook-id and webhook-timestamp are needed."))
    sent = datetime.fromtimestamp(int(stamp), UTC)
    if abs(clock.now() - sent) > TOLERANCE:
        raise Unsigned(T("The webhook-timestamp is more than five minutes off. Is the clock right?"))
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Invalid(T("The body is not UTF-8.")) from None
    key = session.scalar(select(SalesKey).where(SalesKey.public_id == headers.get("samverk-key", "")[:20]))
    secret = secret_of(keyring, key) if key and is_live(key) else NOBODY
    expected = Webhook(secret).sign(msg_id=number, timestamp=sent, data=text).encode()
    given = headers.get("webhook-signature", "").encode().split()[:10]
    matches = [hmac.compare_digest(expected, one) for one in given]
    if not any(matches) or key is None or secret == NOBODY:
        raise Unsigned(T("The signature does not match. Check Samverk-Key, the secret and the signed text."))
    return key


def _take(session: Session, key: SalesKey, body: bytes) -> dict[str, Any]:
    read, faults = message.read(body)
    if read is None:
        raise Faulty(faults)
    verdicts = judge(session, key.brand_id, read.records())
    split = len(read.sales)
    faults = [
        *_faults("sales", NAMES_OF_SALES, verdicts[:split]),
        *_faults("refunds", NAMES_OF_REFUNDS, verdicts[split:]),
    ]
    if faults:
        raise Faulty(faults)
    book(session, Actor(name=key.label), brand_id=key.brand_id, source="api", verdicts=verdicts)
    with in_locale("en"):
        return {
            "sales": [_told(verdict) for verdict in verdicts[:split]],
            "refunds": [{"refund_id": verdict.record.external_id, "state": "taken"} for verdict in verdicts[split:]],
        }


def _faults(kind: str, parts: Mapping[str, str], verdicts: list[Verdict]) -> list[dict[str, Any]]:
    found = [(index, verdict.fault) for index, verdict in enumerate(verdicts) if verdict.fault]
    with in_locale("en"):
        return [
            {"place": message.place(kind, index, parts.get(fault.part, fault.part)), "message": str(fault.message)}
            for index, fault in found
        ]


def _told(verdict: Verdict) -> dict[str, Any]:
    told = {"order_id": verdict.record.external_id, "state": str(verdict.state)}
    return {**told, "reason": str(verdict.reason)} if verdict.reason else told
