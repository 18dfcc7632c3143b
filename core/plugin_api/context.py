"""What core hands to a plugin that talks to the outside: settings, secrets and the only way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from core.csv_input import RowError
from core.plugin_api.held import Held
from core.plugin_api.tables import NO_DATA, Data
from core.plugin_api.text import Text, fill

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Response:
    """What the other side said. `body` is raw bytes; a status of 400 and more is not an exception."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """The only way out: core adds a deadline, a bound on the size of an answer and a guard on where it goes.

    Public addresses with https alone, and of the operator's own network the hosts that they have named. Nothing is
    tried twice and no redirect is followed.
    """

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = {},
        body: bytes | None = None,
        timeout: float = 10.0,
    ) -> Response:
        """Send one request; raises `Unavailable` when no answer came."""


class KeepSecret(Protocol):
    """`ctx.keep_secret("refresh_token", value)` keeps a secret that the other side replaced.

    It is written at once, in a transaction of its own, where the old one stood: in the brand or in the installation.
    Call it before the next request and before you write rows of your own, so that no fault in between loses it.

    It gives what holds now, as `ctx.secrets` does from there on. That is another value than yours where somebody has
    kept or typed one since the call began, and None where it was removed: yours is dropped then.

    `LookupError` for a key that is no declared secret, after rows were written in the same call, and in pure calls;
    `ValueError` for an empty value.
    """

    def __call__(self, key: str, value: str) -> str | None:
        """Keep `value` for the secret setting `key`."""


def keep_nothing(key: str, value: str) -> str | None:
    """Stands where nothing can be kept."""
    raise LookupError("no secret can be kept here: the call is a pure one")


@dataclass(frozen=True, slots=True)
class Context:
    """Frozen, may gain fields. `brand` is the brand's public id; None for the installation.

    `settings` has every declared field that is no secret, None where nothing was filled in. `secrets` has those that
    were filled in. Both are a brand's, over the installation's, over the default. `data` is the door to the plugin's
    own tables, in jobs, observers and commands. `keep_secret` saves a secret that the other side replaced.
    """

    brand: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    http: Http | None = None
    data: Data = field(default=NO_DATA, repr=False, compare=False)
    keep_secret: KeepSecret = field(default=keep_nothing, repr=False, compare=False)


class ConnectorError(Exception):
    """The other side could not be used. Its children say what core does next."""

    def __init__(self, message: Text) -> None:
        """Keep the message for people."""
        super().__init__(message.msgid)
        self.message = message

    def __str__(self) -> str:
        """The message in English, for the log."""
        try:
            return fill(self.message.english, self.message.params)
        except (AttributeError, KeyError):  # no text, or one that lacks a parameter
            return super().__str__()


class AuthExpired(ConnectorError):
    """The permission is gone or was refused (401, 403): ask the person to connect again."""


class NotFound(ConnectorError):
    """The account, post or order is not there (404, gone, private)."""


class RateLimited(ConnectorError):
    """Asked too often (429): ask again after `retry_after` seconds, a minute at least and a day at most."""

    def __init__(self, message: Text, retry_after: int = 60) -> None:
        """Keep the pause that the other side asked for."""
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(ConnectorError):
    """No answer, too late, or a server's fault (5xx): the old data stays, with its age."""


class BadAnswer(ConnectorError):
    """An answer that cannot be understood."""


class BadSignature(ConnectorError):
    """A webhook that was not signed by the other side: it is dropped."""


class NotSupported(ConnectorError):
    """The other side has no such thing; nobody is asked again."""


@dataclass(frozen=True, slots=True)
class Parsed(Held, Generic[Record]):
    """The records that could be read, and an error for each row that gave none.

    A row that is rightly no record, such as a cancelled order, gets an error that says so: whoever imports sees it.
    """

    records: Sequence[Record]
    errors: Sequence[RowError] = ()


@dataclass(frozen=True, slots=True)
class Page(Held, Generic[Record]):
    """A page of a listing; `cursor` asks for the next one, None when this was the last."""

    records: Sequence[Record]
    cursor: str | None = None
