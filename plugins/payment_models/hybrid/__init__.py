"""Hybrid deals: parts that belong together, ready made. The parts are models of other plugins."""

from __future__ import annotations

from collections.abc import Sequence

from samverk import Maximum, Net, Part, Plugin, Recipe, RecipePart, Sum, T, hookimpl

FEE_AND_COMMISSION = Recipe(
    name="fixed_and_commission",
    title=T("Fixed fee and commission"),
    description=T("The fixed fee is paid, and the commission on top of it."),
    parts=(
        RecipePart("fee", "fixed", T("Fixed fee"), {"per": "deliverable"}),
        RecipePart("commission", "commission", T("Commission"), {}),
    ),
    composition=Sum((Part("fee"), Part("commission"))),
)
COMMISSION_WITH_GUARANTEE = Recipe(
    name="guaranteed_commission",
    title=T("Commission with a minimum guarantee"),
    description=T("The commission is paid, and at least the guaranteed amount."),
    parts=(
        RecipePart("guarantee", "fixed", T("Guaranteed amount"), {"per": "collaboration"}),
        RecipePart("commission", "commission", T("Commission"), {}),
    ),
    composition=Maximum((Part("guarantee"), Part("commission")), id="larger"),
)
FEE_AND_RESULT = Recipe(
    name="fixed_and_performance",
    title=T("Fixed fee and pay by result"),
    description=T("The fixed fee is paid, and on top of it a price for views, engagements, clicks or sales."),
    parts=(
        RecipePart("fee", "fixed", T("Fixed fee"), {"per": "deliverable"}),
        RecipePart("result", "performance", T("Pay by result"), {"count": "views", "per": 1000}),
    ),
    composition=Sum((Part("fee"), Part("result"))),
)
RETAINER_WITH_ADVANCE = Recipe(
    name="retainer_with_advance",
    title=T("Retainer with an advance"),
    description=T("The advance is paid at the signing and taken off the months that follow."),
    parts=(RecipePart("advance", "advance", T("Advance"), {}), RecipePart("retainer", "retainer", T("Retainer"), {})),
    composition=Net(Part("retainer"), Part("advance"), id="netted"),
)


class Hybrid(Plugin):
    """Brings the ready deals."""

    name = "hybrid"
    title = T("Hybrid deals")
    api_version = 1

    @hookimpl
    def register_compositions(self) -> Sequence[Recipe]:
        """The ready deals."""
        return [FEE_AND_COMMISSION, COMMISSION_WITH_GUARANTEE, FEE_AND_RESULT, RETAINER_WITH_ADVANCE]


plugin = Hybrid()
