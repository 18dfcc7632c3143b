"""Hybrid deals: fixed fee and commission together, ready made. The parts are models of other plugins."""

from __future__ import annotations

from collections.abc import Sequence

from samverk import Maximum, Part, Plugin, Recipe, RecipePart, Sum, T, hookimpl

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


class Hybrid(Plugin):
    """Brings the two ready deals."""

    name = "hybrid"
    title = T("Hybrid deals")
    api_version = 1

    @hookimpl
    def register_compositions(self) -> Sequence[Recipe]:
        """The ready deals."""
        return [FEE_AND_COMMISSION, COMMISSION_WITH_GUARANTEE]


plugin = Hybrid()
