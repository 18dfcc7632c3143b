"""A bonus for each approved deliverable after the first few."""

from samverk import (
    DeliverableApproved,
    FieldKind,
    Line,
    PaymentModel,
    Plugin,
    SettingField,
    Settles,
    hookimpl,
    standing,
    texts,
)

T = texts("piece_bonus")


class PieceBonus(PaymentModel):
    name = "piece_bonus"
    title = T("Piece bonus")
    uses = (DeliverableApproved,)
    terms = (
        SettingField("amount", T("Bonus for each further deliverable"), FieldKind.MONEY, minimum=0),
        SettingField("after", T("After how many deliverables"), FieldKind.INTEGER, default=3, minimum=0, maximum=1000),
    )

    def describe(self, terms):
        told = {"amount": terms.money("amount"), "after": terms.integer("after")}
        return [T("%(amount)s for each approved deliverable after the first %(after)s.", **told)]

    def earned(self, terms, facts):
        further = [fact for fact in standing(facts) if fact.position > terms.integer("after")]
        return [Line(fact.key, terms.money("amount"), Settles.CASH, self.title) for fact in further]

    def cap(self, terms, planned):
        return terms.money("amount") * max(planned.deliverables - terms.integer("after"), 0)


class PieceBonusPlugin(Plugin):
    name = "piece_bonus"
    title = T("Piece bonus")
    api_version = 1

    @hookimpl
    def register_payment_models(self):
        return [PieceBonus]


plugin = PieceBonusPlugin()
