"""A message that is translated when it is shown, in the language of whoever reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

Param = Any
_PLACE = re.compile(r"%(?:%|\((\w+)\)s)")
_translate: Callable[[Text], str] | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A message id, its parameters and the gettext domain it is found in.

    `str(text)` is the message in the current language; parameters are filled in with
    `%(name)s`. A `Money`, `date`, `Decimal` or another `Text` among the parameters is
    formatted for the reader, so that amounts and dates follow the language too. `context`
    tells apart two meanings of one English word; `plural` is the form for any `num` but one.
    """

    msgid: str
    params: Mapping[str, Param] = field(default_factory=dict)
    domain: str = "messages"
    context: str = ""
    plural: str = ""

    @property
    def english(self) -> str:
        """The English pattern, the plural one where `num` asks for it."""
        return self.plural if self.plural and self.params["num"] != 1 else self.msgid

    def __str__(self) -> str:
        """The message in the current language, or filled in as it stands without one."""
        if _translate is None:
            return fill(self.english, self.params) if self.params else self.msgid
        return _translate(self)

    def to_json(self) -> dict[str, Any]:
        """A form that can be stored; parameters that are not JSON are stored as text."""
        told = {"msgid": self.msgid, "params": {k: _plain(v) for k, v in self.params.items()}, "domain": self.domain}
        return told | {k: v for k, v in (("context", self.context), ("plural", self.plural)) if v}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Text:
        """The message that `to_json` stored."""
        params = {k: _rich(v) for k, v in data.get("params", {}).items()}
        known = data.get("domain", "messages"), data.get("context", ""), data.get("plural", "")
        return cls(data["msgid"], params, *known)


def T(msgid: str, **params: Param) -> Text:
    """A message of core: `T("The file has no column %(name)s.", name="Code")`."""
    return Text(msgid, params)


def Tc(context: str, msgid: str, **params: Param) -> Text:
    """A message whose English means something else elsewhere: `Tc("payout", "Failed")`."""
    return Text(msgid, params, context=context)


def Tn(singular: str, plural: str, num: int, **params: Param) -> Text:
    """A message that counts: `Tn("%(num)s day", "%(num)s days", 3)`."""
    return Text(singular, params | {"num": num}, plural=plural)


@dataclass(frozen=True, slots=True)
class Texts:
    """`T` of one gettext domain, and beside it `T.counted("…", "…", num)` as `Tn` and `T.meant("…", "…")` as `Tc`."""

    domain: str

    def __call__(self, msgid: str, **params: Param) -> Text:
        """A message, as `T`."""
        return Text(msgid, params, self.domain)

    def counted(self, singular: str, plural: str, num: int, **params: Param) -> Text:
        """A message that counts, as `Tn`."""
        return Text(singular, params | {"num": num}, self.domain, plural=plural)

    def meant(self, context: str, msgid: str, **params: Param) -> Text:
        """A message whose English means something else elsewhere, as `Tc`."""
        return Text(msgid, params, self.domain, context)


def texts(domain: str) -> Texts:
    """`T` of a plugin that ships catalogues of its own: `T = texts("acme")`, its domain being its name.

    For messages that count and for words with two meanings: `Tn, Tc = T.counted, T.meant`.
    """
    return Texts(domain)


def fill(pattern: str, params: Mapping[str, Param]) -> str:
    """A pattern with every `%(name)s` filled in and `%%` as one sign; a name that nothing is given for is a `KeyError`.

    Any other percent sign stays as it is, where the operator `%` would print all parameters in its place.
    """
    return _PLACE.sub(lambda place: str(params[place[1]]) if place[1] else "%", pattern)


def set_translator(translate: Callable[[Text], str]) -> None:
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
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value  # countries, named when it is read
    return str(value)


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
