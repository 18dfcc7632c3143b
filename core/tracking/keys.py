"""The signing keys of the sales API: made, replaced with a day of overlap, revoked. A secret is shown once."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, clock
from core.accounts.service import required
from core.crypto import Keyring, Place, decrypt, encrypt
from core.database import public_id
from core.errors import Missing, Refused
from core.permissions import Actor, Permission
from core.plugin_api.text import T
from core.tracking.models import SalesKey

OVERLAP = timedelta(hours=24)
SECRET_BYTES = 32


def create_key(session: Session, actor: Actor, *, keyring: Keyring, brand_id: int, label: str) -> tuple[SalesKey, str]:
    """A new key and its secret, which cannot be read again."""
    actor.require(Permission.KEYS_MANAGE, brand_id)
    name = required(label, "label", 80)
    plain = "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    number = public_id()
    key = SalesKey(
        brand_id=brand_id, public_id=number, label=name, secret_cipher=encrypt(keyring, plain, _place(number))
    )
    session.add(key)
    audit.record(session, actor=actor, brand_id=brand_id, action="sales_key.create", obj=key, detail={"label": name})
    return key, plain


def rotate_key(session: Session, actor: Actor, *, keyring: Keyring, key: SalesKey) -> tuple[SalesKey, str]:
    """A key in place of another, which signs for 24 hours more."""
    actor.require(Permission.KEYS_MANAGE, key.brand_id)
    if key.expires_at is not None or not is_live(key):
        raise Refused(T("This key is replaced or revoked already."))
    made, plain = create_key(session, actor, keyring=keyring, brand_id=key.brand_id, label=key.label)
    key.expires_at = clock.now() + OVERLAP
    audit.record(session, actor=actor, brand_id=key.brand_id, action="sales_key.rotate", obj=key)
    return made, plain


def revoke_key(session: Session, actor: Actor, *, key: SalesKey) -> None:
    """End a key at once; a second call changes nothing."""
    actor.require(Permission.KEYS_MANAGE, key.brand_id)
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        audit.record(session, actor=actor, brand_id=key.brand_id, action="sales_key.revoke", obj=key)


def is_live(key: SalesKey) -> bool:
    """Whether a signature by this key is taken now."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > clock.now())


def keys_of(session: Session, actor: Actor, brand_id: int) -> list[SalesKey]:
    """A brand's keys, the newest first."""
    actor.require(Permission.KEYS_MANAGE, brand_id)
    return list(session.scalars(select(SalesKey).where(SalesKey.brand_id == brand_id).order_by(SalesKey.id.desc())))


def get_key(session: Session, actor: Actor, public_id: str) -> SalesKey:
    """A key of a brand whose keys the actor manages; another's is `Missing`."""
    mine = SalesKey.brand_id.in_(actor.brands_with(Permission.KEYS_MANAGE))
    key = session.scalar(select(SalesKey).where(SalesKey.public_id == public_id, mine))
    if key is None:
        raise Missing(T("There is no such key."))
    return key


def secret_of(keyring: Keyring, key: SalesKey) -> str:
    """The secret that messages are held against."""
    return decrypt(keyring, key.secret_cipher, _place(key.public_id))


def _place(number: str) -> Place:
    return Place("sales_key", "secret_cipher", number)
