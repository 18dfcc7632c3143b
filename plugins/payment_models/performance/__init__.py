"""Pay by result: for views, engagements, clicks or sales."""

from __future__ import annotations

from collections.abc import Sequence

from samverk import PaymentModel, Plugin, T, hookimpl

from .model import PayByResult


class Performance(Plugin):
    """Brings pay by result."""

    name = "performance"
    title = T("Pay by result")
    api_version = 1

    @hookimpl
    def register_payment_models(self) -> Sequence[type[PaymentModel]]:
        """The one model."""
        return [PayByResult]


plugin = Performance()
