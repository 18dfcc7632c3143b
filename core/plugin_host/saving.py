"""Plugins' settings are filled in: checked by their fields and their plugin, written, and recorded without secrets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, clock
from core.crypto import Keyring, encrypt
from core.errors import Invalid, Missing
from core.permissions import Actor, Permission
from core.plugin_api.context import Context
from core.plugin_api.fields import Errors, parse_one
from core.plugin_api.manifest import PluginScope
from core.plugin_api.text import T, Text
from core.plugin_host.contexts import make_context
from core.plugin_host.deadlines import Seam
from core.plugin_host.declared import ANY_CURRENCY
from core.plugin_host.host import PluginHost
from core.plugin_host.models import PluginSetting
from core.plugin_host.records import Failure, Record
from core.plugin_host.settings import Brand, Known, Setting, Source, place_of, secrets_of, settings_of
from core.redaction import redacted


@dataclass
class Sent:
    """What a form would make of the settings of a scope."""

    settings: list[Setting] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    errors: Errors = field(default_factory=dict)


def save_settings(
    session: Session,
    actor: Actor,
    host: PluginHost,
    keyring: Keyring,
    *,
    plugin: str,
    brand: Brand | None,
    raw: Mapping[str, object],
    remove: Collection[str] = (),
) -> Errors:
    """Take a whole form in: a message for each field that cannot be taken (then nothing is kept), else none.

    An empty field goes back to what holds without it. An empty secret keeps what is there; `remove` names the
    secrets to forget. `Missing` for a plugin that is not active, and for a brand's form of the installation's plugin.
    """
    actor.require(Permission.PLUGINS_SWITCH if brand else Permission.SITE_ADMIN, brand.id if brand else None)
    record = host.active.get(plugin)
    if record is None or record.plugin is None or (brand and record.plugin.scope is PluginScope.SITE):
        raise Missing(T("There is no such plugin."))
    before = settings_of(session, record, brand)
    may_lack = brand is None and record.plugin.scope is PluginScope.BRAND
    sent = _read(before, raw, remove, brand, may_lack)
    if not sent.errors:
        secrets = secrets_of(keyring, sent.settings) | sent.secrets
        sent.errors = _ask(host, record, make_context(record, brand, sent.settings, secrets))
    if not sent.errors:
        _write(session, actor, keyring, record.name, brand, before, sent)
    return sent.errors


def _read(
    before: Sequence[Setting], raw: Mapping[str, object], remove: Collection[str], brand: Brand | None, may_lack: bool
) -> Sent:
    sent = Sent()
    for setting in before:
        key = setting.field.key
        try:
            after = replace(setting, own=_own(sent, setting, raw.get(key), key in remove, brand))
            if after.lacking and not may_lack:
                raise Invalid(T("This is needed."), key)
        except Invalid as error:
            sent.errors[key] = error.message
            continue
        sent.settings.append(after)
    return sent


def _own(sent: Sent, setting: Setting, raw: object, remove: bool, brand: Brand | None) -> Known | None:
    """What the scope will hold for a field; a new secret is put aside."""
    spec = setting.field
    source = Source.BRAND if brand else Source.INSTALLATION
    empty = raw is None or not str(raw).strip()
    value = None if empty else parse_one(spec, raw, brand.currency if brand else ANY_CURRENCY)
    if not spec.secret:
        return None if value is None else Known(source, value)
    if value is None:
        return None if remove else setting.own
    if remove:
        raise Invalid(T("Either type a new one or remove the old one."), spec.key)
    sent.secrets[spec.key] = value
    return Known(source)


def _ask(host: PluginHost, record: Record, ctx: Context) -> Errors:
    """What the plugin itself says, without secrets that it quotes."""
    plugin = record.plugin
    found = host.call(
        record.name, lambda told: dict(plugin.check_settings(told)) if plugin else {}, ctx,
        returns=dict, seam=Seam.PAGE, what="check_settings", brand=ctx.brand,
    )  # fmt: skip
    if isinstance(found, Failure):
        return {"": found.reason}
    return {str(key): Text("%(said)s", {"said": redacted(str(message))}) for key, message in found.items()}


def _write(
    session: Session,
    actor: Actor,
    keyring: Keyring,
    plugin: str,
    brand: Brand | None,
    before: Sequence[Setting],
    sent: Sent,
) -> None:
    for old, new in zip(before, sent.settings, strict=True):
        key = old.field.key
        if old.own == new.own and key not in sent.secrets and not (old.passed and new.own is None):
            continue
        row = _row(session, plugin, key, brand)
        if key in sent.secrets:
            row.value, row.value_cipher = None, encrypt(keyring, sent.secrets[key], place_of(row))
        elif new.own:
            row.value, row.value_cipher = new.own.value, ""
        row.changed_at = clock.now()
        session.add(row)
        detail = {"plugin": plugin, "setting": key} | _told(old, new)
        audit.record(
            session, actor=actor, brand_id=brand.id if brand else None, action="plugin.set", obj=row, detail=detail
        )
        if new.own is None:
            session.delete(row)
    session.flush()


def _row(session: Session, plugin: str, key: str, brand: Brand | None) -> PluginSetting:
    brand_id = brand.id if brand else None
    same = PluginSetting.brand_id.is_not_distinct_from(brand_id)
    found = session.scalar(select(PluginSetting).where(PluginSetting.plugin == plugin, PluginSetting.key == key, same))
    return found or PluginSetting(brand_id=brand_id, plugin=plugin, key=key)


def _told(old: Setting, new: Setting) -> dict[str, Any]:
    if old.field.secret:
        return {"secret": "set" if new.own else "removed"}
    return {word: known.value for word, known in (("from", old.own), ("to", new.own)) if known}
