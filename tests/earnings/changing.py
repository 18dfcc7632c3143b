"""A foreign plugin whose models change with its version, and deals that are really signed by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from core.campaigns.models import Campaign
from core.collaborations import service
from core.collaborations.models import Collaboration, Contract
from core.content.models import Deliverable
from core.plugin_host.host import PluginHost
from samverk import (
    DeliverableApproved,
    Fact,
    FieldKind,
    Line,
    Money,
    PaymentModel,
    Planned,
    Refund,
    Sale,
    Scope,
    SettingField,
    Settles,
    T,
    Terms,
    Text,
    sales_with_refunds,
    standing,
)  # fmt: skip
from tests.collaborations import stage as ground
from tests.foreign import host_of
from tests.payouts.stage import Stage

WORK = [{"kind": "reel", "platform": "instagram", "quantity": 3, "due_on": None, "note": ""}]
MOST = {"single": 900, "whole": 1100}


def plugin(version: str, *, bonus: int = 1, each: int = 100, more: int = 0, own: bool = True) -> PluginHost:
    """`bonus` multiplies that of a streak, which cuts at its own cap if `own`; a sale is worth `each`.

    `more` is what the models add to the caps that they name.
    """
    models = [_streak(version, bonus, more, own), *_by_sales(each, more)]
    for model in models:
        model.version = version

    return host_of(*models, name="foreign", version=version)


def _streak(version: str, times: int, more: int, own: bool) -> type[PaymentModel]:
    """A model of a whole agreement that pays more for what follows soon."""

    class Streak(PaymentModel):
        name, title, scope, uses = "streak", T("Streak"), Scope.AGREEMENT, (DeliverableApproved,)
        terms = (
            SettingField("amount", T("For each"), FieldKind.MONEY),
            SettingField("bonus", T("Bonus"), FieldKind.MONEY),
            SettingField("days", T("Within"), FieldKind.DAYS, default=7),
            SettingField("cap", T("At most"), FieldKind.MONEY, required=False),
            *([SettingField("doubled", T("Twice"), FieldKind.BOOL, False, True)] if version == "8" else []),
        )

        def describe(self, terms: Terms) -> Sequence[Text]:
            return [T("%(bonus)s for each that follows soon.", bonus=self.bonus(terms))]

        def bonus(self, terms: Terms) -> Money:
            return terms.money("bonus") * (2 if terms.flag("doubled") else times)

        def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
            parts: list[tuple[str, Money]] = []
            before = None
            for fact in standing(facts):
                parts.append((fact.key, terms.money("amount")))
                if before and fact.at - before.at <= timedelta(days=terms.integer("days")):
                    parts.append((f"{fact.key}:streak", self.bonus(terms)))
                before = fact
            return _cut(parts, terms.money("cap").minor if own else 0)

        def cap(self, terms: Terms, planned: Planned) -> Money:
            most = terms.money("amount") * planned.deliverables
            most += self.bonus(terms) * (planned.deliverables - 1)
            cap = terms.money("cap")
            return (cap if 0 < cap.minor < most.minor and own else most) + Money(more, terms.currency)

    return Streak


def _by_sales(each: int, more: int) -> tuple[type[PaymentModel], type[PaymentModel]]:
    """The same pay as lines of single sales, and as one line of the whole agreement."""

    class Single(PaymentModel):
        name, title, uses = "single", T("Single"), (Sale, Refund)

        def describe(self, terms: Terms) -> Sequence[Text]:
            return [T("Something for each sale.")]

        def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
            lines = []
            for sale, refunds in sales_with_refunds(facts):
                left = sale.amount.minor
                lines.append(Line(sale.key, Money(each * left // 1000, terms.currency), Settles.CASH, T("A sale")))
                for refund in refunds:
                    back = each * left // 1000 - each * (left - refund.amount.minor) // 1000
                    left -= refund.amount.minor
                    lines.append(Line(refund.key, Money(-back, terms.currency), Settles.CASH, T("A refund")))
            return [line for line in lines if line.amount]

        def cap(self, terms: Terms, planned: Planned) -> Money:
            return Money(MOST["single"] + more, terms.currency)

    class Whole(Single):
        name, title, scope = "whole", T("Whole"), Scope.AGREEMENT

        def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
            minor = sum(
                each * (sale.amount.minor - sum(refund.amount.minor for refund in refunds)) // 1000
                for sale, refunds in sales_with_refunds(facts)
            )
            return [Line("all", Money(minor, terms.currency), Settles.CASH, T("All sales"))] if minor else []

        def cap(self, terms: Terms, planned: Planned) -> Money:
            return Money(MOST["whole"] + more, terms.currency)

    return Single, Whole


def _cut(parts: Sequence[tuple[str, Money]], cap: int) -> list[Line]:
    lines, left = [], cap or 10**9
    for key, amount in parts:
        given = Money(min(left, amount.minor), amount.currency)
        left -= given.minor
        if given:
            lines.append(Line(key, given, Settles.CASH, T("A part")))
    return lines


def part(name: str, model: str, **values: Any) -> dict[str, Any]:
    """A part of the pay as an offer stores it."""
    return {"id": name, "model": model, "version": "1", "terms": {"currency": "EUR", "values": values}}


def streak(**values: Any) -> dict[str, Any]:
    """200 for each of three, 50 more for each that follows within a week."""
    return part("c1", "streak", **{"amount": 20_000, "bonus": 5_000, "days": 7, **values})


def sign(session: Any, world: Any, by: PluginHost, components: Sequence[Mapping[str, Any]]) -> Stage:
    """A deal that both have signed while a version of the plugin was installed; three deliverables to approve."""
    made = ground.build(session, world)
    deal, contract = _sign(made, by, components)
    rows = [
        Deliverable(brand_id=deal.brand_id, collaboration_id=deal.id, position=n, kind="reel", platform="instagram")
        for n in (1, 2, 3)
    ]
    session.add_all(rows)
    session.flush()
    assert contract.state == "active"
    return Stage(session, world, session.get_one(Campaign, deal.campaign_id), deal, rows)


def _sign(made: ground.Stage, by: PluginHost, components: Any) -> tuple[Collaboration, Contract]:
    session, world = made.session, made.world
    deal, link = service.send_offer(
        session, made.brand, campaign=made.campaign, relationship=made.known, components=components,
        deliverables=WORK, host=by, base_url=ground.BASE,
    )  # fmt: skip
    service.attach_influencer(session, service.open_invitation(session, link.rsplit("/", 1)[1]), world.influencer)
    contract = service.accept(session, made.creator, collaboration=deal, number=1, host=by, base_url=ground.BASE)
    assert contract is not None
    for party, actor in (("influencer", made.creator), ("brand", made.brand)):
        service.sign(
            session, actor, collaboration=deal, party=party, typed_name="Somebody", sha256=ground.read(contract),
            confirmed=True, base_url=ground.BASE,
        )  # fmt: skip
    return deal, contract
