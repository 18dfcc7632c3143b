"""People to pay and what they are owed, for trying rails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.money import Money, exponent
from core.plugin_api.fields import SettingField
from core.plugin_api.kit import FakeServer
from core.plugin_api.payout_rails import Payee, PayoutBatch, PayoutOrder, PayoutRail
from core.plugin_kit.filled import filled

CURRENCIES = ("EUR", "ISK", "UGX", "HUF", "TWD", "KWD", "JPY", "SEK", "NOK", "DKK", "USD")
"""Where providers' units differ from ISO 4217's, and what is paid in most: those in which a rail of any is tried."""
MOST = 40
"""In how many currencies a rail is tried at most."""
PEOPLE = (
    ("Aino Laine", "FI", "FI2112345600000785", "NDEAFIHH"),
    ("Björn Åberg", "SE", "SE4550000000058398257466", "ESSESESS"),
    ("Kari Nordmann", "NO", "NO9386011117947", "DNBANOKK"),
    ("Never Paid", "DE", "DE89370400440532013000", "COBADEFF"),
)


def payees(server: FakeServer | None = None, fields: Sequence[SettingField] = ()) -> list[Payee]:
    """Four people with true check digits, who have filled in a rail's `fields`; the last one is never paid."""
    details = filled(fields, server.payee if server else {})
    return [
        Payee(f"payee-{n}", name, country, iban, bic, "Street 1", "00100", "Town", details)
        for n, (name, country, iban, bic) in enumerate(PEOPLE, 1)
    ]


def payees_of(rail: PayoutRail, server: FakeServer | None = None) -> list[Payee]:
    """The same people as a rail is told of them: one that pays to no account hears of none."""
    told = payees(server, rail.payee_fields)
    return told if rail.needs_account else [replace(person, iban="", bic="") for person in told]


def sends(rail: PayoutRail) -> list[str]:
    """All currencies that a rail declares; of very many those of `CURRENCIES` and those without cents go first."""
    if rail.currencies is None:
        return list(CURRENCIES)
    others = sorted(rail.currencies - {*CURRENCIES}, key=lambda code: (_decimals(code) == 2, code))
    return [*(code for code in CURRENCIES if code in rail.currencies), *others][:MOST]


def _decimals(code: str) -> int | None:
    try:
        return exponent(code)
    except ValueError:
        return None  # the check `wire-units` tells


def batch_for(rail: PayoutRail, server: FakeServer, currency: str | None = None) -> PayoutBatch:
    """Three orders of different amounts, each a multiple of the rail's step and above its minimum."""
    unit = currency or sends(rail)[0]
    step, least = rail.step(unit), rail.minimum(unit).minor
    base = -(-max(least, step * 12) // step) * step
    return PayoutBatch(
        "kit-batch",
        tuple(
            PayoutOrder(f"kit-order-{n}", Money(base + step * n * 7, unit), person)
            for n, person in enumerate(payees_of(rail, server)[:3], 1)
        ),
    )
