"""The other side handed a plugin a new secret: kept at once where the old one stood, and never over a newer one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from core import audit, clock
from core.crypto import Keyring, encrypt
from core.permissions import SYSTEM
from core.plugin_api.context import Context
from core.plugin_host.models import PluginSetting
from core.plugin_host.records import Record
from core.plugin_host.settings import Brand, Setting, Source, place_of, secrets_of, settings_of
from core.redaction import hide
from core.sql import insert_once

Standing = dict[str, tuple[Source | None, str | None]]
"""Each declared secret: the scope it comes from, and what it is."""


def standing(settings: Iterable[Setting], secrets: Mapping[str, str]) -> Standing:
    """What holds of the declared secrets."""
    mine = [setting for setting in settings if setting.field.secret]
    return {one.field.key: (one.now.source if one.now else None, secrets.get(one.field.key)) for one in mine}


@dataclass(slots=True)
class Renewal:
    """`ctx.keep_secret` of one call, which was told `read`; `secrets` are the call's own and follow what is kept."""

    engine: Engine
    record: Record
    keys: Callable[[], Keyring]
    brand: Brand | None
    read: Standing
    secrets: dict[str, str]
    overtaken: bool = False
    """Whether `secrets` have become what somebody else kept or typed, and none was only removed."""

    def __call__(self, key: str, value: str) -> str | None:
        """As `core.plugin_api.context.KeepSecret` says.

        A transaction of its own, which is over when this returns: what the plugin does next may fail, and the other
        side takes the old secret no longer. Who comes second waits for the row, finds another value than the one it
        was told, and takes that over.
        """
        if key not in self.read:
            raise LookupError(f"{key} is not a secret that the plugin {self.record.name} declares")
        if not isinstance(value, str) or not value.strip():
            raise ValueError("a secret is a text with something in it")
        hide([value])
        with Session(self.engine, expire_on_commit=False) as session:
            try:
                session.connection(execution_options={"write": True})
                self._keep(session, key, value)
            except BaseException:
                session.invalidate()  # a call that was interrupted may leave its connection in the middle of a word
                raise
        return self.secrets.get(key)

    def _keep(self, session: Session, key: str, value: str) -> None:
        row, keyring = self._row(session, key), self.keys()  # they may have been turned while the plugin worked
        settings = settings_of(session, self.record, self.brand)
        secrets = secrets_of(keyring, settings)
        found = standing(settings, secrets)
        if found[key] != self.read[key]:
            self._take_over(found, secrets)
        elif found[key][1] != value:
            row.value, row.value_cipher, row.changed_at = None, encrypt(keyring, value, place_of(row)), clock.now()
            detail = {"plugin": row.plugin, "setting": key}
            audit.record(session, actor=SYSTEM, brand_id=row.brand_id, action="plugin.renewed", obj=row, detail=detail)
            session.commit()
            self.read[key] = (Source.INSTALLATION if row.brand_id is None else Source.BRAND, value)
            self.secrets[key] = value

    def catch_up(self) -> bool:
        """Take over what others kept or typed since the call was told; whether asking again with that is worth it.

        True once for each time that it was overtaken. Not while the plugin works: it would see its secrets change.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            settings = settings_of(session, self.record, self.brand)
            secrets = secrets_of(self.keys(), settings)
        found = standing(settings, secrets)
        if found != self.read:
            self._take_over(found, secrets)
        news, self.overtaken = self.overtaken, False
        return news

    def _take_over(self, found: Standing, secrets: Mapping[str, str]) -> None:
        hide(secrets.values())
        self.overtaken = secrets.keys() >= self.secrets.keys()
        self.read = found
        self.secrets.clear()
        self.secrets.update(secrets)

    def _row(self, session: Session, key: str) -> PluginSetting:
        """The row of the scope that the secret came from, else of the call's own, locked; made where there is none."""
        wide = self.brand is None or self.read[key][0] is Source.INSTALLATION
        brand_id = None if wide or self.brand is None else self.brand.id
        insert_once(session, PluginSetting, {"brand_id": brand_id, "plugin": self.record.name, "key": key})
        same = PluginSetting.brand_id.is_not_distinct_from(brand_id)
        mine = select(PluginSetting).where(PluginSetting.plugin == self.record.name, PluginSetting.key == key, same)
        return session.scalars(mine.with_for_update()).one()


def caught_up(asked: Iterable[object]) -> bool:
    """Whether others replaced secrets that a call was given; the contexts among `asked` have the new ones then."""
    contexts = (one for one in asked if isinstance(one, Context))
    return any(ctx.keep_secret.catch_up() for ctx in contexts if isinstance(ctx.keep_secret, Renewal))
