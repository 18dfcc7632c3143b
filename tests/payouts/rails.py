"""A bank across a bad line: it pays each reference once a key, and may die, drop or mumble after the effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from core.ctrl_c import CtrlC
from core.plugin_host.host import PluginHost
from samverk import Accepted, Ambiguous, Context, Money, NotSupported, Outcome, PayoutBatch, PayoutRail, T  # fmt: skip
from tests.foreign import host_of


class Killed(CtrlC):
    """The process is gone: nothing may catch it."""


class Bank:
    """What the other side of the rail knows; `after` runs when the money has moved, before the answer."""

    def __init__(self) -> None:
        """Nothing paid yet."""
        self.paid: dict[str, Money] = {}
        self.batches: dict[str, PayoutBatch] = {}
        self.calls: list[str] = []
        self.after: Callable[[], None] = lambda: None
        self.answer: Callable[[str], Outcome | None] = lambda reference: Accepted(f"bank-{reference}")
        self.knows: Mapping[str, Outcome] | None = None

    def take(self, batch: PayoutBatch, key: str) -> dict[str, Outcome]:
        """Pay what was not paid yet; the same key with another batch is a fault of the caller."""
        self.calls.append(key)
        assert self.batches.setdefault(key, batch) == batch, "the same key, another batch"
        for order in batch.orders:
            self.paid.setdefault(order.reference, order.amount)
        self.after()
        answers = {order.reference: self.answer(order.reference) for order in batch.orders}
        return {reference: outcome for reference, outcome in answers.items() if outcome is not None}


def mumble(_: str) -> Outcome:
    """No clear answer."""
    return Ambiguous(T("Timeout"))


def host_with(bank: Bank, *, steps: int = 1, least: int = 0, currency: str | None = None) -> PluginHost:
    """The plugins in the box and a rail named `wire` to the bank, with its smallest step and amount."""

    class Wire(PayoutRail):
        name = "wire"
        title = T("Wire")
        currencies = frozenset({currency}) if currency else None

        def submit(self, ctx: Context, batch: PayoutBatch, key: str) -> Mapping[str, Outcome]:
            """Over the bad line."""
            return bank.take(batch, key)

        def lookup(self, ctx: Context, references: Sequence[str]) -> Mapping[str, Outcome]:
            """What the bank knows, if it can be asked."""
            bank.calls.append("lookup")
            if bank.knows is None:
                raise NotSupported(T("It cannot be asked."))
            return bank.knows

        def step(self, currency: str) -> int:
            """As the test says."""
            return steps

        def minimum(self, currency: str) -> Money:
            """As the test says."""
            return Money(max(least, steps), currency)

    return host_of(Wire)
