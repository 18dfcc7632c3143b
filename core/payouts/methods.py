"""Where an influencer wants their money: entered by the influencer alone, checked, encrypted."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, clock
from core.accounts.service import required
from core.crypto import Keyring, Place, decrypt, encrypt
from core.errors import Invalid, Missing
from core.payouts.details import Details, write
from core.payouts.models import PayoutMethod
from core.payouts.notices import tell_of_account
from core.permissions import Actor, Permission
from core.places import COUNTRIES, check_postcode
from core.plugin_api.text import T

TAX_IDS = {
    "FI": ("fi.hetu", "fi.ytunnus", "fi.alv"),
    "SE": ("se.personnummer", "se.orgnr", "se.vat"),
    "NO": ("no.fodselsnummer", "no.orgnr", "no.mva"),
    "DK": ("dk.cpr", "dk.cvr"),
    "EE": ("ee.ik", "ee.kmkr"),
    "DE": ("de.idnr", "de.vat"),
    "US": ("us.ssn", "us.ein", "us.itin"),
}


def method_of(session: Session, influencer_id: int | None) -> PayoutMethod | None:
    """An influencer's payout method, None until they enter one."""
    return session.scalar(select(PayoutMethod).where(PayoutMethod.influencer_id == influencer_id))


def save_method(
    session: Session,
    keyring: Keyring,
    actor: Actor,
    *,
    payee_name: str,
    iban: str,
    street: str,
    building: str,
    postcode: str,
    town: str,
    country: str,
    tax_country: str,
    tax_id: str,
    business: bool = False,
    details: Details | None = None,
    base_url: str,
) -> PayoutMethod:
    """Store how the influencer is paid. An empty IBAN or tax id keeps what is there.

    `details` are values that `details.Asking.read` took, by rail; what other rails were told stays.
    """
    actor.require(Permission.PORTAL)
    known = method_of(session, actor.influencer_id)
    method = known or _first(actor.influencer_id, iban, tax_id)
    method.payee_name = required(payee_name, "payee_name", 70)
    method.street, method.building = required(street, "street", 70), building.strip()[:16]
    method.postcode, method.town = required(postcode, "postcode", 16), required(town, "town", 35)
    method.postcode = check_postcode(country, method.postcode)
    method.country, method.tax_country = _country(country, "country"), _country(tax_country, "tax_country")
    method.business, method.changed_at = business, clock.now()
    checked = check_iban(iban) if iban.strip() else None
    number = check_tax_id(tax_country, tax_id) if tax_id.strip() else None
    session.add(method)
    if checked:
        method.iban_last4, method.iban_country = checked[0][-4:], checked[0][:2]
        method.bank_name, method.bic = checked[1], checked[2]
    if number:
        method.tax_id_last4 = number[-4:]
    session.flush()
    if checked:
        method.iban_cipher = encrypt(keyring, checked[0], Place("payout_method", "iban_cipher", method.id))
    if number:
        method.tax_id_cipher = encrypt(keyring, number, Place("payout_method", "tax_id_cipher", method.id))
    if details:
        write(keyring, method, details)
    audit.record(session, actor=actor, brand_id=None, action="payout_method.save", obj=method)
    session.flush()
    if checked and known:
        tell_of_account(session, method.influencer_id, method.iban_last4, base_url)
    return method


def _first(influencer_id: int | None, iban: str, tax_id: str) -> PayoutMethod:
    """A method to be filled in, where account and tax id are given."""
    for field, given in (("iban", iban), ("tax_id", tax_id)):
        if not given.strip():
            raise Invalid(T("Fill in this field."), field)
    return PayoutMethod(
        influencer_id=influencer_id,
        iban_cipher="",
        tax_id_cipher="",
        iban_last4="",
        iban_country="",
        tax_id_last4="",
        changed_at=clock.now(),
    )


def read_iban(keyring: Keyring, method: PayoutMethod) -> str:
    """The IBAN in the clear, for the rail alone."""
    if not method.iban_cipher:
        raise Missing(T("There is no bank account yet."))
    return decrypt(keyring, method.iban_cipher, Place("payout_method", "iban_cipher", method.id))


def check_iban(raw: str) -> tuple[str, str, str]:
    """(IBAN without spaces, bank, BIC); a wrong checksum, length or country is `Invalid`."""
    from schwifty import IBAN
    from schwifty.exceptions import SchwiftyException

    try:
        iban = IBAN(raw)
    except (SchwiftyException, ValueError):
        raise Invalid(T("This is not a valid IBAN. Check the digits."), "iban") from None
    try:
        bic = str(iban.bic or "")
        bank = str(iban.bank_name or "")
    except (SchwiftyException, ValueError):
        bic = bank = ""
    return iban.compact, bank[:140], bic


def check_tax_id(country: str, raw: str) -> str:
    """The tax number, compact. Where the country's form is known it must fit."""
    from importlib import import_module

    from stdnum.exceptions import ValidationError

    number = "".join(raw.split())
    if len(number) > 40:
        raise Invalid(T("Use at most %(count)s characters.", count=40), "tax_id")
    forms = TAX_IDS.get(country, ())
    for name in forms:
        try:
            return str(import_module(f"stdnum.{name}").validate(number))
        except ValidationError:
            continue
    if forms:
        raise Invalid(T("This is not a tax number of that country. Check the digits."), "tax_id")
    return number


def _country(code: str, field: str) -> str:
    if len(code) != 2 or not code.isalpha():
        raise Invalid(T("Choose one of the list."), field)
    return code if code in COUNTRIES else code.upper()
