"""What rails ask of payees besides the account, or in its place: declared by the rail, entered by the influencer.

It is kept encrypted.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import Brand
from core.collaborations.models import Collaboration
from core.collaborations.terms import verbatim
from core.crypto import Keyring, Place, decrypt, encrypt
from core.payouts.models import PayoutMethod
from core.payouts.ways import ways
from core.plugin_api.fields import Errors, FieldKind, SettingField, Values, check, parse
from core.plugin_api.payout_rails import Payee, PayoutRail
from core.plugin_api.text import Text
from core.plugin_host.deadlines import Seam
from core.plugin_host.declared import ANY_CURRENCY
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure

Details = Mapping[str, Values]
"""Stored values of payee fields, by rail."""
NOTHING: Mapping[str, str] = MappingProxyType({})
MOST_SHOWN = 40


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


@dataclass(frozen=True, slots=True)
class Asked:
    """What an influencer's form asks: for each rail that wants to know something, and whether for a bank account.

    It is shown where some way pays to an account, and needed where a brand can pay in no other way.
    """

    by_rail: Sequence[Asking] = ()
    account: bool = True
    needs_account: bool = True


def asked(session: Session, host: PluginHost, keyring: Keyring, influencer_id: int | None) -> Asked:
    """What the ways ask by which brands of the influencer's may pay; no statement where they all pay to an account."""
    if _plain(host):
        return Asked()
    open_ways = _open(session, host, influencer_id)
    method = _method(session, influencer_id)
    given = read(keyring, method) if method else {}
    by_rail = [
        Asking(rail.name, rail.title, rail.payee_fields, given.get(rail.name, {}))
        for rail in _every(host, open_ways)
        if rail.payee_fields
    ]
    return Asked(
        by_rail,
        account=_some_account(open_ways),
        needs_account=not open_ways or any(_to_account(rails) for rails in open_ways),
    )


def wants_account(session: Session, host: PluginHost, influencer_id: int | None) -> bool:
    """Whether some way pays them to a bank account; without one they are asked for something else alone."""
    open_ways = [] if _plain(host) else _open(session, host, influencer_id)
    return _some_account(open_ways)


def lacking(session: Session, host: PluginHost, influencer_id: int | None) -> list[Text]:
    """The rails that cannot pay an influencer who can be paid before they are told more, by title."""
    method = None if _plain(host) else _method(session, influencer_id)
    if method is None:
        return []
    open_ways, known = _open(session, host, influencer_id), method.details_given
    alone = {rail.name for rails in open_ways if _to_account(rails) for rail in rails if not method.iban_cipher}
    return [
        rail.title
        for rail in _every(host, open_ways)
        if rail.name in alone or not needed(rail.payee_fields) <= set(known.get(rail.name, ()))
    ]


def doubts(host: PluginHost, one: Asking, values: Values) -> Errors:
    """What the rail itself says is wrong with what was typed, by field, "" for the whole; asked behind its fence.

    Nothing when it fails: a payee does not wait for their money because of that, and each field was checked.
    """
    rail = host.payout_rails[one.rail]
    if not rail.supports("check_payee"):
        return {}
    owner, told = host.payout_rails.owners[one.rail], filled(one.fields, values)
    found = host.call(owner, _checked, rail, told, returns=dict, seam=Seam.PAGE, what="check_payee")
    return {} if isinstance(found, Failure) else found


def _checked(rail: PayoutRail, told: Mapping[str, Any]) -> Errors:
    found: dict[str, Text] = {}
    keys = {"", *(field.key for field in rail.payee_fields)}
    for key, message in rail.check_payee(told):
        if key not in keys or not isinstance(message, Text):
            raise TypeError("what is wrong comes as (field key, Text) pairs")
        found.setdefault(key, verbatim(str(message)))
    return found


def shown(host: PluginHost, one: Asking, values: Values) -> str | None:
    """Where a payee's money goes as pages show it, "" when the rail cannot say; None where it goes to an account."""
    rail = host.payout_rails[one.rail]
    if rail.needs_account:
        return None
    told = filled(one.fields, values)
    found = host.call(host.payout_rails.owners[one.rail], rail.shown, told, returns=str, seam=Seam.PAGE, what="shown")
    if isinstance(found, Failure):
        return ""
    return "".join(letter for letter in found if letter.isprintable()).strip()[:MOST_SHOWN]


def _plain(host: PluginHost) -> bool:
    """Whether every rail pays to an account and wants to know nothing more."""
    return all(rail.needs_account and not rail.payee_fields for rail in host.payout_rails.values())


def _open(session: Session, host: PluginHost, influencer_id: int | None) -> list[list[PayoutRail]]:
    """For each brand of the influencer's the rails by which it can pay, without brands that can pay by none."""
    theirs = select(Collaboration.brand_id).where(Collaboration.influencer_id == influencer_id)
    brands = session.scalars(select(Brand).where(Brand.id.in_(theirs)).order_by(Brand.id)).all()
    found = (
        [host.payout_rails[name] for name, way in ways(session, host, brand).items() if not way.fault]
        for brand in brands
    )
    return [rails for rails in found if rails]


def _every(host: PluginHost, open_ways: Sequence[Sequence[PayoutRail]]) -> list[PayoutRail]:
    names = {rail.name for rails in open_ways for rail in rails}
    return [rail for name, rail in host.payout_rails.items() if name in names]


def _some_account(open_ways: Sequence[Sequence[PayoutRail]]) -> bool:
    return not open_ways or any(rail.needs_account for rails in open_ways for rail in rails)


def _to_account(rails: Sequence[PayoutRail]) -> bool:
    return all(rail.needs_account for rail in rails)


def _method(session: Session, influencer_id: int | None) -> PayoutMethod | None:
    return session.scalar(select(PayoutMethod).where(PayoutMethod.influencer_id == influencer_id))


def read(keyring: Keyring, method: PayoutMethod) -> Details:
    """What a payee has told, by rail."""
    if not method.details_cipher:
        return {}
    found: Details = json.loads(decrypt(keyring, method.details_cipher, _place(method)))
    return found


def write(keyring: Keyring, method: PayoutMethod, details: Details, shown: Mapping[str, str] = NOTHING) -> None:
    """Keep what a payee tells these rails; what they told others stays. The row must have its id.

    `shown` is where the money goes by the rails among them that pay to no account.
    """
    whole = {**read(keyring, method), **details}
    method.details_cipher = encrypt(keyring, json.dumps(whole, ensure_ascii=False), _place(method))
    method.details_given = {rail: sorted(values) for rail, values in whole.items()}
    method.shown = {**{rail: said for rail, said in method.shown.items() if rail not in details}, **shown}


def told_to(session: Session, rails: Collection[str]) -> list[PayoutMethod]:
    """The payees who have told one of these rails something, whether they still work for anybody or not."""
    methods = session.scalars(select(PayoutMethod).where(PayoutMethod.details_cipher != "").order_by(PayoutMethod.id))
    return [method for method in methods if not set(rails).isdisjoint(method.details_given)]


def drop(keyring: Keyring, method: PayoutMethod, rails: Collection[str]) -> None:
    """Remove for good what a payee has told these rails. To the others they are paid as before."""
    left = {rail: values for rail, values in read(keyring, method).items() if rail not in rails}
    method.details_cipher = encrypt(keyring, json.dumps(left, ensure_ascii=False), _place(method)) if left else ""
    method.details_given = {rail: keys for rail, keys in method.details_given.items() if rail not in rails}
    method.shown = {rail: said for rail, said in method.shown.items() if rail not in rails}


def payee_of(keyring: Keyring, method: PayoutMethod, name: str, rail: PayoutRail | None) -> Payee:
    """A payee as the rail of a name is told of them, the account in the clear; `rail` is None when it is gone.

    A rail that pays to no account is told of none.
    """
    given = read(keyring, method).get(name, {})
    account = bool(method.iban_cipher) and (rail is None or rail.needs_account)
    return Payee(
        id=method.public_id,
        name=method.payee_name,
        country=method.country,
        iban=decrypt(keyring, method.iban_cipher, Place("payout_method", "iban_cipher", method.id)) if account else "",
        bic=method.bic if account else "",
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
