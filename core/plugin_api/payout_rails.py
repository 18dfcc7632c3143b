"""The contract of payout rails: they move money and decide nothing.

Core compares amount, currency and reference itself, keeps the key, and pays nothing twice.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from core.money import Money
from core.plugin_api.context import Context, NotSupported
from core.plugin_api.contract import Provider
from core.plugin_api.fields import SettingField
from core.plugin_api.held import Held
from core.plugin_api.text import T, Text


@dataclass(frozen=True, slots=True)
class Payee:
    """Who is paid. `id` is stable.

    `details` holds every one of this rail's `payee_fields` by key, as it was when the order was handed over: what the
    payee entered, else the default, else None. A secret one is in it too, in the clear. A rail with
    `needs_account = False` gets neither IBAN nor BIC, and of the address what the payee gave.
    """

    id: str
    name: str
    country: str = ""
    iban: str = field(default="", repr=False)
    bic: str = ""
    street: str = ""
    postcode: str = ""
    town: str = ""
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """One payment. `reference` is core's id of it, unique for ever, at most 35 characters.

    `message` is what the payee is to read on their statement, at most 35 characters. The pages show the same to whoever
    makes a transfer by hand, and to the payee.
    """

    reference: str
    amount: Money
    payee: Payee
    message: str = ""


@dataclass(frozen=True, slots=True)
class PayoutBatch:
    """Payments that are sent together from one brand."""

    id: str
    orders: tuple[PayoutOrder, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The rail took the order under its own id. It is sent, not received."""

    rail_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The rail will certainly not pay this order. `retryable`: a new attempt may go well.

    The reason is kept as it is given and read by finance and by the payee, each in their own language.
    """

    reason: Text
    code: str = ""
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Nobody knows whether it was paid (no answer, a server's fault): core asks again with the same key.

    Until then finance reads the reason beside the payment; the payee reads that it takes longer than usual.
    """

    reason: Text


@dataclass(frozen=True, slots=True)
class NeedsAction:
    """A person must do something: send it in their bank, upload a file, follow a link.

    Orders with the same words, link and file are shown as one thing to do. The link must be https. When the person says
    that it is done, core asks `lookup`; of a rail without one they enter the bank's reference, once for all of them.
    """

    instruction: Text
    url: str | None = None
    file_name: str | None = None
    file: bytes | None = field(default=None, repr=False)


Outcome = Accepted | Refused | Ambiguous | NeedsAction


@dataclass(frozen=True, slots=True)
class RailEvent(Held):
    """What a rail reports later of an order, by core's `reference`; `id` is the provider's, at most 200 characters.

    `status` is one of `sent`, `received`, `failed`, `returned`. What is later by `at` holds, in whatever order events
    come; told again, one changes nothing. `amount` is what it says it moved: one that is not the order's moves nothing
    and is shown to finance. `reason` is read by finance and by the payee. A moment without a time zone, and what else
    is not of its declared type, is refused when the event is made, with a `TypeError`.
    """

    id: str
    reference: str
    status: str
    at: datetime
    amount: Money | None = None
    rail_id: str = ""
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Onboarding(Held):
    """How far a payee is with the rail: `ready`, or what is `missing` and the link where they go on.

    The link must be https. It is shown at once to the payee who asked for it and kept nowhere.
    """

    ready: bool
    url: str | None = None
    missing: Sequence[Text] = ()


class PayoutRail(Provider, ABC):
    """A way to send money. Subclass it and write `submit`; the rest has honest defaults."""

    settings: ClassVar[Sequence[SettingField]] = ()
    payee_fields: ClassVar[Sequence[SettingField]] = ()
    """What it must know of payees besides name and account; they enter it in the portal, beside their account."""
    needs_account: ClassVar[bool] = True
    """Whether it pays to a bank account. If not, nobody is asked for one because of it, and it is told of none."""
    currencies: ClassVar[frozenset[str] | None] = None
    """The currencies it sends; None for any."""
    key_window_hours: ClassVar[int] = 24
    """How long the rail remembers a key. Past it an ambiguous order is looked up, never sent again."""
    reaches_out: ClassVar[bool] = True
    """Whether `submit` asks anything outside this process. If not, core calls it while the person waits."""
    by_hand: ClassVar[bool] = False
    """Whether a person makes each transfer in their own bank. If so, core shows them account, amount and message."""

    def check_payee(self, details: Mapping[str, Any]) -> Sequence[tuple[str, Text]]:
        """What is wrong with what a payee entered beyond what each field says: (field key, message) pairs.

        The key is "" for the whole. `details` is as in `Payee`. Asked before it is kept, while the payee waits: the
        same details get the same answer, and nothing outside is asked.
        """
        return ()

    def shown(self, details: Mapping[str, Any]) -> str:
        """Where the money goes, as everybody who sees a payment may read it: the last digits of a phone number.

        At most 40 characters, shown after the title. Asked when the payee saves, of a rail with `needs_account = False`
        alone: of an account the pages show the last four digits by themselves.
        """
        return ""

    def onboard(self, ctx: Context, payee: Payee) -> Onboarding:
        """What the payee must still do before money can be sent to them; asked by the worker and when they go on.

        A rail that does not write it pays whoever has an account.
        """
        return Onboarding(ready=True)

    @abstractmethod
    def submit(self, ctx: Context, batch: PayoutBatch, key: str) -> Mapping[str, Outcome]:
        """An outcome for every order of the batch, by reference. The same key again is the same payment."""

    def lookup(self, ctx: Context, references: Sequence[str]) -> Mapping[str, Outcome]:
        """What the rail knows of orders it may have seen; a reference it never saw is left out.

        A rail that does not write it is never asked: a person says what became of its orders.
        """
        raise NotSupported(T("This rail cannot look up payments."))

    def parse_webhook(self, ctx: Context, headers: Mapping[str, str], body: bytes) -> Sequence[RailEvent]:
        """The events of a signed message, also of orders that are not core's; `BadSignature` for anything else."""
        raise NotSupported(T("This rail sends no messages."))

    def step(self, currency: str) -> int:
        """Amounts must be a multiple of this many minor units; core rounds down and keeps the rest payable."""
        return 1

    def minimum(self, currency: str) -> Money:
        """The smallest amount the rail sends."""
        return Money(self.step(currency), currency)

    def to_wire(self, amount: Money) -> int | str:
        """The amount as the rail writes it."""
        return amount.minor

    def from_wire(self, value: int | str, currency: str) -> Money:
        """The amount that the rail wrote; the inverse of `to_wire`."""
        return Money(int(value), currency)

    def forget(self, ctx: Context, payee: Payee) -> None:
        """Erase what the rail's other side keeps of a person, as far as the law lets it.

        Asked in the worker after `samverk plugin forget EMAIL`, for each brand for which the rail was told of them.
        """
