"""Commission on credited sales."""

from __future__ import annotations

from collections.abc import Sequence

from samverk import PaymentModel, Plugin, T, hookimpl

from .model import SalesCommission


class Commission(Plugin):
    """Brings the commission."""

    name = "commission"
    title = T("Commission")
    api_version = 1

    @hookimpl
    def register_payment_models(self) -> Sequence[type[PaymentModel]]:
        """The one model."""
        return [SalesCommission]


plugin = Commission()
