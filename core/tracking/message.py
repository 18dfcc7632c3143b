"""What a shop sends to the sales API: a strict shape, no float, no name and no address of a buyer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.money import Money
from core.plugin_api.sales_sources import RefundRecord, SaleRecord, SalesRecord

MOST_ITEMS = 1000
_SEEN = r"[^\p{C}\p{Zl}\p{Zp}]"  # no control, no turning of letters, nothing invisible but a space
Number = Annotated[str, Field(min_length=1, max_length=120, pattern=rf"^{_SEEN}*[^\p{{C}}\p{{Z}}]{_SEEN}*$")]
Code = Annotated[str, Field(max_length=40, pattern=rf"^{_SEEN}*$")]
Amount = Annotated[str, Field(pattern=r"^[0-9]{1,13}(\.[0-9]{1,4})?$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


_NUMBER = "a string of 1 to 120 characters without control characters, such as {}"
_MOMENT = 'ISO 8601 with an offset or Z, such as "2026-11-22T14:05:00+02:00"'
EXPECTED = {
    "order_id": _NUMBER.format('"1042"'),
    "refund_id": _NUMBER.format('"R-7"'),
    "code": 'a string of at most 40 characters, such as "AINO27"',
    "amount": 'a string with a decimal point and without a sign, such as "49.90"',
    "currency": 'three capitals of ISO 4217, such as "EUR"',
    "sold_at": _MOMENT,
    "refunded_at": _MOMENT,
}
"""What each field must be, told to whoever sent something else."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Priced(_Strict):
    amount: Amount
    currency: Currency

    @model_validator(mode="after")
    def _exact(self) -> _Priced:
        Money.from_decimal(self.amount, self.currency)
        return self

    @property
    def money(self) -> Money:
        """The amount, exactly."""
        return Money.from_decimal(self.amount, self.currency)


class SaleItem(_Priced):
    """An order: `amount` is without VAT and shipping."""

    order_id: Number
    code: Code = ""
    sold_at: AwareDatetime

    def record(self) -> SaleRecord:
        """What core takes."""
        return SaleRecord(self.order_id, self.money, self.sold_at, self.code)


class RefundItem(_Priced):
    """Money given back on an order."""

    refund_id: Number
    order_id: Number
    refunded_at: AwareDatetime

    def record(self) -> RefundRecord:
        """What core takes."""
        return RefundRecord(self.refund_id, self.order_id, self.money, self.refunded_at)


class Message(_Strict):
    """One call: sales, refunds or both, at most a thousand in all."""

    sales: list[SaleItem] = Field(default=[], max_length=MOST_ITEMS)
    refunds: list[RefundItem] = Field(default=[], max_length=MOST_ITEMS)

    @model_validator(mode="after")
    def _some(self) -> Message:
        if not 1 <= len(self.sales) + len(self.refunds) <= MOST_ITEMS:
            raise ValueError(f"a message holds 1 to {MOST_ITEMS} sales and refunds")
        return self

    def records(self) -> list[SalesRecord]:
        """All of it, sales first."""
        return [*(sale.record() for sale in self.sales), *(refund.record() for refund in self.refunds)]


def read(body: bytes) -> tuple[Message | None, list[dict[str, Any]]]:
    """The message, or the place and the kind of every fault in it; what was sent is not repeated."""
    try:
        return Message.model_validate_json(body), []
    except ValidationError as error:
        return None, [{"place": place(*fault["loc"]), "message": _told(fault)} for fault in error.errors()]


def place(*path: str | int) -> str:
    """Where in the message: `sales[3].amount`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _told(fault: Mapping[str, Any]) -> str:
    """What is wrong, by name, with what is expected and an example."""
    name = str(fault["loc"][-1]) if fault["loc"] else ""
    if fault["type"] == "extra_forbidden":
        return f"{name} is not a field of this message."
    if name in EXPECTED:
        return f"{name} {'is missing' if fault['type'] == 'missing' else 'cannot be read'}: {EXPECTED[name]}."
    return str(fault["msg"]).removeprefix("Value error, ")
