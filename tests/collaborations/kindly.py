"""A foreign plugin that pays by kind of content, and a later version of it with a further term of each sort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.collaborations.models import Collaboration, Contract
from core.content.drafts import create_deliverables
from core.content.models import Deliverable
from core.earnings import service as earnings
from core.earnings.models import Earning
from samverk import (
    DeliverableApproved,
    Fact,
    FieldKind,
    Line,
    Money,
    PaymentModel,
    Piece,
    Planned,
    SettingField,
    Settles,
    T,
    Terms,
    Text,
    standing,
)  # fmt: skip
from tests.collaborations.stage import Stage
from tests.foreign import host_of

POINTS = {("reel", "instagram"): 3, ("story", "instagram"): 1}
OTHERS = 2
LATER = (
    SettingField("doubled", T("Twice the points"), FieldKind.BOOL, required=False, default=True),
    SettingField("until", T("Until"), FieldKind.DATE, required=False, default="2027-01-31"),
    SettingField("most", T("At most so many pieces"), FieldKind.INTEGER, required=False, default=7),
    SettingField("share", T("Share"), FieldKind.PERCENT, required=False, default="12.5"),
    SettingField("tone", T("Tone"), FieldKind.CHOICE, default="loud", choices=(("low", T("Low")), ("loud", T("Loud")))),
)


def model_of(version: str) -> type[PaymentModel]:
    """A model that pays so much a point; from version 2 on points may count twice."""

    class KindPay(PaymentModel):
        name, title, uses = "kind_pay", T("Pay by kind"), (DeliverableApproved,)
        terms = (
            SettingField("point", T("For each point"), FieldKind.MONEY, minimum=0),
            *(LATER if version > "1" else ()),
        )

        def describe(self, terms: Terms) -> Sequence[Text]:
            return [T("%(amount)s a point.", amount=terms.money("point"))]

        def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
            return [
                Line(fact.key, self.worth(terms, Piece(fact.kind, fact.platform)), Settles.CASH, T("Points"))
                for fact in standing(facts)
                if isinstance(fact, DeliverableApproved)
            ]

        def cap(self, terms: Terms, planned: Planned) -> Money:
            return sum((self.worth(terms, piece) for piece in planned.pieces), Money.zero(terms.currency))

        def worth(self, terms: Terms, piece: Piece) -> Money:
            points = POINTS.get((piece.kind, piece.platform), OTHERS)
            return terms.money("point") * points * (2 if terms.flag("doubled") else 1)

    KindPay.version = version
    return KindPay


HERE, RENEWED = (host_of(model_of(version), name="pay_by_kind", version=version) for version in "12")


def worked(session: Session, stage: Stage) -> int:
    """The only collaboration is signed and all its content approved: what the books take down of it, in minor units."""
    deal, contract = session.scalars(select(Collaboration)).one(), session.scalars(select(Contract)).one()
    replace(stage, session=session).sign(deal, contract)
    create_deliverables(session, deal.id)
    for row in session.scalars(select(Deliverable)):
        row.state, row.approved_at = "approved", clock.now()
    session.flush()
    earnings.recompute(session, HERE, deal.id)
    return sum(session.scalars(select(Earning.amount_minor)))
