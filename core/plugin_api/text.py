"""A message that is translated when it is shown, in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Param = Any
_translate: Callable[[str, str, Mapping[str, Param]], str] | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A message id, its parameters and the gettext domain it is found in.

    `str(text)` is the message in the current language; parameters are filled in with
    `%(name)s`. A `Money`, `date`, `Decimal` or another `Text` among the parameters is
    formatted for the reader, so that amounts and dates follow the language too.
    """

    msgid: str
    params: Mapping[str, Param] = field(default_factory=dict)
    domain: str = "messages"

    def __str__(self) -> str:
        """The message in the current language, or filled in as it stands without one."""
        if _translate is None:
            return self.msgid % self.params if self.params else self.msgid
        return _translate(self.domain, self.msgid, self.params)

    def to_json(self) -> dict[str, Any]:
        """A form that can be stored; parameters that are not JSON are stored as text."""
        return {"msgid": self.msgid, "params": {k: _plain(v) for k, v in self.params.items()}, "domain": self.domain}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Text:
        """The message that `to_json` stored."""
        params = {k: _rich(v) for k, v in data.get("params", {}).items()}
        return cls(data["msgid"], params, data.get("domain", "messages"))


def T(msgid: str, **params: Param) -> Text:
    """A message of core: `T("Due in %(days)s days", days=3)`."""
    return Text(msgid, params)


def set_translator(translate: Callable[[str, str, Mapping[str, Param]], str]) -> None:
    """Called once by `core.i18n`: how a message becomes a sentence."""
    global _translate
    _translate = translate


def _plain(value: Param) -> Any:
    from datetime import date
    from decimal import Decimal

    from core.money import Money

    if isinstance(value, Money):
        return {"$money": [value.minor, value.currency]}
    if isinstance(value, date):
        return {"$date": value.isoformat()[:10]}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, Text):
        return {"$text": value.to_json()}
    return value


def _rich(value: Any) -> Param:
    from datetime import date
    from decimal import Decimal

    from core.money import Money

    if not isinstance(value, dict):
        return value
    if "$money" in value:
        return Money(*value["$money"])
    if "$date" in value:
        return date.fromisoformat(value["$date"])
    if "$decimal" in value:
        return Decimal(value["$decimal"])
    if "$text" in value:
        return Text.from_json(value["$text"])
    return value
