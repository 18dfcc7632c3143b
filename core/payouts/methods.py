"""Where an influencer wants their money: entered by the influencer alone, checked, encrypted."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, clock
from core.accounts.service import required
from core.crypto import Keyring, Place, decrypt, encrypt
from core.errors import Invalid, Missing
from core.payouts.details import NOTHING, Details, read, write
from core.payouts.models import PayoutMethod
from core.payouts.notices import tell_of_account, tell_of_way
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
    iban: str = "",
    street: str = "",
    building: str = "",
    postcode: str = "",
    town: str = "",
    country: str,
    tax_country: str,
    tax_id: str,
    business: bool = False,
    details: Details | None = None,
    shown: Mapping[str, str] = NOTHING,
    needs_account: bool = True,
    base_url: str,
) -> PayoutMethod:
    """Store how the influencer is paid. An empty IBAN or tax id keeps what is there.

    `details` are values that `details.Asking.read` took, by rail, and `shown` is what `details.shown` says of them;
    what other rails were told stays. Without `needs_account` an account and its address may be left out: what is there
    of them stays. An account without an address is `Invalid`. Where nothing is new, nothing is changed or told.
    """
    actor.require(Permission.PORTAL)
    known = method_of(session, actor.influencer_id)
    before = _told(keyring, known) if known else {}
    method = known or _first(actor.influencer_id, tax_id)
    if needs_account and not iban.strip() and not method.iban_cipher:
        raise Invalid(T("Fill in this field."), "iban")
    method.payee_name, method.business = required(payee_name, "payee_name", 70), business
    if needs_account or any(part.strip() for part in (iban, street, building, postcode, town)):
        _place(method, country, street=street, building=building, postcode=postcode, town=town)
    method.country, method.tax_country = _country(country, "country"), _country(tax_country, "tax_country")
    account = check_iban(iban) if iban.strip() else None
    number = check_tax_id(tax_country, tax_id) if tax_id.strip() else None
    session.add(method)
    session.flush()  # its secrets are bound to its id
    if account:
        _keep_account(keyring, method, *account)
    if number:
        _keep_tax_id(keyring, method, number)
    if details:
        write(keyring, method, details, shown)
    new = {key: value for key, value in _told(keyring, method).items() if before.get(key) != value}
    if new:
        method.changed_at = clock.now()
        audit.record(session, actor=actor, brand_id=None, action="payout_method.save", obj=method)
    session.flush()
    _tell(session, method, new, first=known is None, base_url=base_url)
    return method


def _place(method: PayoutMethod, country: str, *, street: str, building: str, postcode: str, town: str) -> None:
    """Where the owner of the account lives, as far as banks ask."""
    method.street, method.building = required(street, "street", 70), building.strip()[:16]
    method.postcode, method.town = required(postcode, "postcode", 16), required(town, "town", 35)
    method.postcode = check_postcode(country, method.postcode)


def _keep_account(keyring: Keyring, method: PayoutMethod, iban: str, bank: str, bic: str) -> None:
    method.iban_cipher = encrypt(keyring, iban, _bound("iban_cipher", method))
    method.iban_last4, method.iban_country = iban[-4:], iban[:2]
    method.bank_name, method.bic = bank, bic


def _keep_tax_id(keyring: Keyring, method: PayoutMethod, number: str) -> None:
    method.tax_id_cipher = encrypt(keyring, number, _bound("tax_id_cipher", method))
    method.tax_id_last4 = number[-4:]


def _tell(session: Session, method: PayoutMethod, new: Mapping[str, object], *, first: bool, base_url: str) -> None:
    """Tell the payee that their money goes elsewhere, in case it was not they who said so."""
    if "iban" in new and not first:
        tell_of_account(session, method.influencer_id, method.iban_last4, base_url)
    elif new.get("details") or ("payee_name" in new and not first):
        tell_of_way(session, method.influencer_id, base_url)


def _told(keyring: Keyring, method: PayoutMethod) -> dict[str, object]:
    """All that an influencer has told, in the clear, to be compared."""
    plain = ("payee_name", "street", "building", "postcode", "town", "country", "tax_country", "business")
    return {
        **{key: getattr(method, key) for key in plain},
        "iban": _clear(keyring, method, "iban_cipher"),
        "tax_id": _clear(keyring, method, "tax_id_cipher"),
        "details": {rail: values for rail, values in read(keyring, method).items() if values},
    }


def _clear(keyring: Keyring, method: PayoutMethod, column: str) -> str:
    cipher = getattr(method, column)
    return decrypt(keyring, cipher, _bound(column, method)) if cipher else ""


def _bound(column: str, method: PayoutMethod) -> Place:
    return Place("payout_method", column, method.id)


def _first(influencer_id: int | None, tax_id: str) -> PayoutMethod:
    """A method to be filled in, where a tax id is given."""
    if not tax_id.strip():
        raise Invalid(T("Fill in this field."), "tax_id")
    return PayoutMethod(
        influencer_id=influencer_id,
        iban_cipher="",
        tax_id_cipher="",
        iban_last4="",
        iban_country="",
        tax_id_last4="",
        postcode="",
        town="",
        street="",
        details_cipher="",
        details_given={},
        shown={},
        changed_at=clock.now(),
    )


def read_iban(keyring: Keyring, method: PayoutMethod) -> str:
    """The IBAN in the clear, for the rail alone."""
    if not method.iban_cipher:
        raise Missing(T("There is no bank account yet."))
    return _clear(keyring, method, "iban_cipher")


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
