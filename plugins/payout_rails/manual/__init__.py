"""Manual transfer: a person sends the money in their own bank and enters the bank's reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from samverk import Context, NeedsAction, Outcome, PayoutBatch, PayoutOrder, PayoutRail, Plugin, T, Text, hookimpl


class ManualTransfer(PayoutRail):
    """Sends nothing itself, so it can neither pay twice nor lose a payment: core keeps each order's state."""

    name = "manual"
    title = T("Manual transfer")
    key_window_hours = 24 * 365
    reaches_out = False
    by_hand = True

    def submit(self, ctx: Context, batch: PayoutBatch, key: str) -> Mapping[str, Outcome]:
        """An instruction for every order."""
        return {order.reference: NeedsAction(self._instruction(order)) for order in batch.orders}

    def lookup(self, ctx: Context, references: Sequence[str]) -> Mapping[str, Outcome]:
        """Nothing is known beyond what a person enters."""
        return {}

    def _instruction(self, order: PayoutOrder) -> Text:
        return T(
            "Send %(amount)s to %(name)s, account %(iban)s, with the reference %(reference)s. "
            "Then enter the reference that your bank gave the payment.",
            amount=order.amount,
            name=order.payee.name,
            iban=order.payee.iban,
            reference=order.reference,
        )


class Manual(Plugin):
    """Brings the manual transfer."""

    name = "manual"
    title = T("Manual transfer")
    api_version = 1

    @hookimpl
    def register_payout_rails(self) -> Sequence[type[PayoutRail]]:
        """The one rail."""
        return [ManualTransfer]


plugin = Manual()
