"""The brand's books in words: what each kind of account holds, and who has to act for it to move."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration
from core.influencers.models import Relationship
from core.ledger import queries
from core.ledger.accounts import kind_of
from core.ledger.models import LedgerAccount
from core.money import Money
from core.permissions import Actor, Permission
from core.plugin_api.text import T, Text

KINDS: dict[str, tuple[Text, Text]] = {
    "cost": (T("Cost of campaigns"), T("Nobody: it is what was earned in money so far.")),
    "pending": (T("Earned, on hold period"), T("The calendar, until the hold period is over.")),
    "payable": (T("Due to influencers"), T("You: prepare and approve a payout run.")),
    "in_transit": (T("In payment"), T("You: send it in the bank and enter the reference.")),
    "rail_cash": (T("Paid out"), T("Nobody: the bank confirmed it.")),
    "advance": (T("Paid too much"), T("Nobody: it is netted from what is earned next.")),
    "gift_cost": (T("Gifts given"), T("Nobody: it is a value, not money.")),
    "gift_received": (T("Gifts received"), T("Nobody: it is a value, not money.")),
    "committed": (T("Reserved by agreements"), T("Both: it is earned, or freed when the work ends.")),
    "budget": (T("Freed from budgets"), T("Nobody: it mirrors what is reserved.")),
}
POSTINGS: dict[str, Text] = {
    "commit_budget": T("Reserved by an agreement"),
    "release_budget": T("Freed again"),
    "accrue": T("Earned"),
    "release_hold": T("Hold period over"),
    "net_advance": T("Netted against what was paid too much"),
    "claw_back": T("Clawed back"),
    "write_off": T("Written off"),
    "start_payout": T("Handed over for payment"),
    "settle_payout": T("Sent"),
    "fail_payout": T("Payment failed"),
    "book_gift": T("Gift received"),
    "return_gift": T("Gift returned"),
    "settle_payout_reversed": T("Came back"),
}
SHOWN = 100


@dataclass(frozen=True, slots=True)
class KindRow:
    """What all accounts of a kind hold in one currency."""

    kind: str
    balance: Money
    accounts: int


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account with a name that a person knows."""

    code: str
    name: str
    sub: str
    balance: Money


def kinds(session: Session, actor: Actor, brand_id: int) -> list[KindRow]:
    """The brand's accounts by kind and currency, in one statement."""
    actor.require(Permission.MONEY_READ, brand_id)
    a = LedgerAccount
    rows = session.execute(
        select(a.kind, a.currency, func.sum(a.balance * a.normal), func.count())
        .where(a.brand_id == brand_id)
        .group_by(a.kind, a.currency)
        .order_by(a.currency)
    )
    found = [KindRow(kind, _shown(kind, int(minor), currency), count) for kind, currency, minor, count in rows]
    order = list(KINDS)
    return sorted(found, key=lambda row: (row.balance.currency, order.index(row.kind)))


def accounts(session: Session, actor: Actor, brand_id: int, kind: str) -> list[AccountRow]:
    """The accounts of a kind that hold something, the largest first."""
    actor.require(Permission.MONEY_READ, brand_id)
    a = LedgerAccount
    rows = session.execute(
        select(a.code, a.currency, a.balance * a.normal)
        .where(a.brand_id == brand_id, a.kind == kind, a.balance != 0)
        .order_by((a.balance * a.normal).desc(), a.id)
        .limit(SHOWN)
    ).all()
    names = _names(session, brand_id, {code for code, _, _ in rows})
    whole = (str(KINDS[kind][0]), "")  # the account of a brand as a whole goes by its kind
    return [AccountRow(code, *names.get(code, whole), _shown(kind, int(minor), cur)) for code, cur, minor in rows]


def lines(session: Session, actor: Actor, brand_id: int, code: str, currency: str) -> list[queries.Line]:
    """An account's statement with the running balance, the newest first; nothing for a code outside the plan."""
    actor.require(Permission.MONEY_READ, brand_id)
    try:
        kind_of(code)
    except ValueError:
        return []
    return queries.statement(session, brand_id, code, currency, limit=SHOWN)[::-1]


def _shown(kind: str, minor: int, currency: str) -> Money:
    """A balance as people count it: what went out through a rail is so much paid."""
    return Money(-minor if kind in ("rail_cash", "budget") else minor, currency)


def _names(session: Session, brand_id: int, codes: set[str]) -> dict[str, tuple[str, str]]:
    """Names for the accounts of campaigns and collaborations."""
    numbers = {code: int(next((part for part in code.split(":") if part.isdigit()), "0")) for code in codes}
    at_campaign = {code for code in codes if "campaign:" in code}
    of_work = {code for code in codes if code.startswith("influencer:") or code.endswith(":received")}
    campaigns = {
        row.id: (row.name, "")
        for row in session.execute(
            select(Campaign.id, Campaign.name).where(
                Campaign.brand_id == brand_id, Campaign.id.in_({numbers[code] for code in at_campaign})
            )
        )
    }
    people = {
        row.id: (row.display_name, row.name)
        for row in session.execute(
            select(Collaboration.id, Relationship.display_name, Campaign.name)
            .join(Relationship, Relationship.id == Collaboration.relationship_id)
            .join(Campaign, Campaign.id == Collaboration.campaign_id)
            .where(Collaboration.brand_id == brand_id, Collaboration.id.in_({numbers[code] for code in of_work}))
        )
    }
    found = {code: campaigns[numbers[code]] for code in at_campaign if numbers[code] in campaigns}
    return found | {code: people[numbers[code]] for code in of_work if numbers[code] in people}
