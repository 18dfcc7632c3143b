"""What a plugin is told when core calls it for a brand, or for the installation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.crypto import Keyring
from core.database import Base
from core.plugin_api.context import Context, Http
from core.plugin_host.declared import fields_of
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Record
from core.plugin_host.renewing import Renewal, standing
from core.plugin_host.settings import Brand, Setting, secrets_of, settings_of
from core.redaction import hide


class Secrets(dict[str, str]):
    """Secrets by field; what it says of itself names them and shows none."""

    def __repr__(self) -> str:
        """The names alone."""
        return f"Secrets({', '.join(self)})"


def for_brand(session: Session, host: PluginHost, brand_id: int | None) -> PluginHost:
    """The host as it is asked for a brand, by its key; no statement while calls are not traced."""
    if not host.fence.trace or brand_id is None:
        return host
    brand = Base.metadata.tables["brand"].c
    return host.of(session.scalar(select(brand.public_id).where(brand.id == brand_id)))


def context_of(
    session: Session, host: PluginHost, keyring: Keyring, plugin: str, brand: Brand | None = None
) -> Context:
    """The context of a call to an active plugin; one statement, none when the plugin declares no settings."""
    record = host.active[plugin]
    settings = settings_of(session, record, brand)
    secrets = Secrets(secrets_of(keyring, settings))
    keys = host.keys or (lambda: keyring)
    renew = Renewal(session.get_bind().engine, record, keys, brand, standing(settings, secrets), secrets)
    return replace(make_context(record, brand, settings, secrets, host.http), secrets=secrets, keep_secret=renew)


def make_context(
    record: Record,
    brand: Brand | None,
    settings: Iterable[Setting],
    secrets: Mapping[str, str],
    http: Http | None = None,
) -> Context:
    """A context of settings as they stand; from here on no log of this process shows its secrets."""
    hide(secrets.values())
    return Context(brand.public_id if brand else None, values_of(record, settings), Secrets(secrets), http)


def values_of(record: Record, settings: Iterable[Setting]) -> dict[str, Any]:
    """What holds, by field, without secrets; None where nothing was filled in, as an amount for the installation."""
    declared = {field.key: None for field in fields_of(record) if not field.secret}
    return declared | {one.field.key: one.now.value if one.now else None for one in settings if not one.field.secret}
