"""What rails ask of payees besides the account: declared by the rail, entered by the influencer, kept encrypted."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import Brand
from core.collaborations.models import Collaboration
from core.crypto import Keyring, Place, decrypt, encrypt
from core.payouts.models import PayoutMethod
from core.payouts.ways import ways
from core.plugin_api.fields import Errors, FieldKind, SettingField, Values, check, parse
from core.plugin_api.payout_rails import Payee, PayoutRail
from core.plugin_api.text import Text
from core.plugin_host.declared import ANY_CURRENCY
from core.plugin_host.host import PluginHost

Details = Mapping[str, Values]
"""Stored values of payee fields, by rail."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What one rail asks of an influencer, and what they told it before."""

    rail: str
    title: Text
    fields: Sequence[SettingField]
    given: Values

    def read(self, raw: Mapping[str, object]) -> tuple[Values, Errors]:
        """What was typed, by field, as it is stored, and what is wrong with it. An empty secret keeps what there is."""
        kept = {one.key: self.given[one.key] for one in self.fields if one.secret and one.key in self.given}
        kept = {key: value for key, value in kept.items() if not str(raw.get(key) or "").strip()}
        values, errors = parse([one for one in self.fields if one.key not in kept], raw, ANY_CURRENCY)
        return {**values, **kept}, errors


def asked(session: Session, host: PluginHost, keyring: Keyring, influencer_id: int | None) -> list[Asking]:
    """What the rails ask by which a brand of the influencer's may pay; no statement where no rail asks for anything."""
    curious = _curious(session, host, influencer_id)
    method = _method(session, influencer_id) if curious else None
    given = read(keyring, method) if method else {}
    return [Asking(rail.name, rail.title, rail.payee_fields, given.get(rail.name, {})) for rail in curious]


def lacking(session: Session, host: PluginHost, influencer_id: int | None) -> list[Text]:
    """The rails that cannot pay an influencer who has an account before they are told more, by title."""
    curious = _curious(session, host, influencer_id)
    method = _method(session, influencer_id) if curious else None
    given = method.details_given if method else None
    if given is None:
        return []
    return [rail.title for rail in curious if not needed(rail.payee_fields) <= set(given.get(rail.name, ()))]


def _curious(session: Session, host: PluginHost, influencer_id: int | None) -> list[PayoutRail]:
    """The rails that ask for something and by which a brand of the influencer's can pay."""
    found = [rail for rail in host.payout_rails.values() if rail.payee_fields]
    if not found:
        return []
    theirs = select(Collaboration.brand_id).where(Collaboration.influencer_id == influencer_id)
    brands = session.scalars(select(Brand).where(Brand.id.in_(theirs))).all()
    fit = {name for brand in brands for name, way in ways(session, host, brand).items() if not way.fault}
    return [rail for rail in found if rail.name in fit]


def _method(session: Session, influencer_id: int | None) -> PayoutMethod | None:
    return session.scalar(select(PayoutMethod).where(PayoutMethod.influencer_id == influencer_id))


def read(keyring: Keyring, method: PayoutMethod) -> Details:
    """What a payee has told, by rail."""
    if not method.details_cipher:
        return {}
    found: Details = json.loads(decrypt(keyring, method.details_cipher, _place(method)))
    return found


def write(keyring: Keyring, method: PayoutMethod, details: Details) -> None:
    """Keep what a payee tells these rails; what they told others stays. The row must have its id."""
    whole = {**read(keyring, method), **details}
    method.details_cipher = encrypt(keyring, json.dumps(whole, ensure_ascii=False), _place(method))
    method.details_given = {rail: sorted(values) for rail, values in whole.items()}


def told_to(session: Session, rails: Collection[str]) -> list[PayoutMethod]:
    """The payees who have told one of these rails something, whether they still work for anybody or not."""
    methods = session.scalars(select(PayoutMethod).where(PayoutMethod.details_cipher != "").order_by(PayoutMethod.id))
    return [method for method in methods if not set(rails).isdisjoint(method.details_given)]


def drop(keyring: Keyring, method: PayoutMethod, rails: Collection[str]) -> None:
    """Remove for good what a payee has told these rails. To the others they are paid as before."""
    left = {rail: values for rail, values in read(keyring, method).items() if rail not in rails}
    method.details_cipher = encrypt(keyring, json.dumps(left, ensure_ascii=False), _place(method)) if left else ""
    method.details_given = {rail: keys for rail, keys in method.details_given.items() if rail not in rails}


def payee_of(keyring: Keyring, method: PayoutMethod, name: str, rail: PayoutRail | None) -> Payee:
    """A payee as the rail of a name is told of them, the account in the clear; `rail` is None when it is gone."""
    given = read(keyring, method).get(name, {})
    return Payee(
        id=method.public_id,
        name=method.payee_name,
        country=method.country,
        iban=decrypt(keyring, method.iban_cipher, Place("payout_method", "iban_cipher", method.id)),
        bic=method.bic,
        street=f"{method.street} {method.building}".strip(),
        postcode=method.postcode,
        town=method.town,
        details=filled(rail.payee_fields, given) if rail else given,
    )


def needed(fields: Iterable[SettingField]) -> frozenset[str]:
    """The fields without which nobody can be paid."""
    return frozenset(one.key for one in fields if one.required and _default(one) is None)


def filled(fields: Iterable[SettingField], given: Values) -> dict[str, Any]:
    """Every field with what the payee told, else with its default, else None; never a value that it takes no longer."""
    return {one.key: _value(one, given) for one in fields}


def _value(field: SettingField, given: Values) -> Any:
    value = given.get(field.key)
    if value is None or check([field], {field.key: value}, ANY_CURRENCY):
        return _default(field)
    return value


def _default(field: SettingField) -> Any:
    return False if field.kind is FieldKind.BOOL and field.default is None else field.default


def _place(method: PayoutMethod) -> Place:
    return Place("payout_method", "details_cipher", method.id)
