"""A payment model that passes the kit: a share of each sale, never above a cap."""

from samverk import (
    FieldKind,
    Line,
    PaymentModel,
    Plugin,
    Rate,
    Refund,
    Sale,
    SettingField,
    Settles,
    T,
    hookimpl,
    sales_with_refunds,
)


class Share(PaymentModel):
    name = "good_share"
    title = T("Share")
    uses = (Sale, Refund)
    terms = (
        SettingField("share", T("Share"), FieldKind.PERCENT, default="10", minimum=0, maximum=50),
        SettingField("most", T("Most"), FieldKind.MONEY, minimum=1),
    )

    def check_terms(self, terms):
        return [] if terms.percent("share") else [("share", T("Enter a share."))]

    def describe(self, terms):
        return [T("%(share)s %% of each sale.", share=terms.percent("share"))]

    def earned(self, terms, facts):
        lines = []
        for sale, refunds in sales_with_refunds(facts):
            left, given = sale.amount, sale.amount - sale.amount
            for fact in (sale, *refunds):
                if isinstance(fact, Refund):
                    left = max(left - fact.amount, left - left)
                due = left.percent(terms.percent("share"))
                lines.append(Line(fact.key, due - given, Settles.CASH, T("Share")))
                given = due
        return lines

    def cap(self, terms, planned):
        return terms.money("most")

    def rate(self, terms):
        return Rate(terms.percent("share"), terms.money("none"))


class GoodModel(Plugin):
    name = "good_model"
    title = T("Share")
    api_version = 1

    @hookimpl
    def register_payment_models(self):
        return [Share]


plugin = GoodModel()
