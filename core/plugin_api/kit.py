"""What an author hands to the conformance kit, so that it can try a plugin without a line of test.

A payment model needs nothing: the kit makes deals up from its `terms`. A rail or a connector needs the other side in
miniature, a `FakeServer`; a rule pack its examples. Nothing here is asked while Samverk runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.money import Money
from core.plugin_api.context import Response
from core.plugin_api.tables import OwnTables


@dataclass(frozen=True, slots=True)
class Request:
    """What a plugin sent through `ctx.http`."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A signed message (webhook) as the other side sends it."""

    headers: Mapping[str, str]
    body: bytes


class FakeServer:
    """The other side in miniature: it speaks the provider's wire format and keeps its state in memory.

    The kit makes a fresh one for every try and carries the plugin's requests to it, no socket being opened; the
    faults (no answer, 401, 404, 429, 500, rubbish) are the kit's own. Write `answer`, and of the rest what your
    plugin can do.
    """

    settings: Mapping[str, Any] = {}
    """The settings under which the plugin talks to this server."""
    secrets: Mapping[str, str] = {}
    """Its secrets; the server refuses others and signs its messages with them. Eight letters and more each."""
    rotates: Sequence[str] = ()
    """The keys of those secrets that it replaces, such as a refresh token that works once: `answer` hands out the new
    one, takes it down (`self.secrets = self.secrets | {"refresh_token": new}`) and refuses the old one from then on."""
    payee: Mapping[str, Any] = {}
    """Of a rail: what its `payee_fields` hold for a payee that the server takes."""
    account: str = ""
    """Of a platform: an account with more posts than one page holds."""
    posts: Sequence[str] = ()
    """The ids of all posts of that account."""
    since: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    """Of a sales source: the moment from which `orders` were sold."""
    orders: Sequence[str] = ()
    """The ids of all orders and refunds since then, more than one page holds."""

    def answer(self, request: Request) -> Response:
        """What the provider would answer; a request that it would not take gets its 4xx, as in life."""
        raise NotImplementedError

    def payments(self) -> Sequence[tuple[str, Money]]:
        """Of a rail: every payment that was really made, as (reference, amount), a double one twice."""
        raise NotImplementedError

    def refuse(self, reference: str) -> None:
        """Of a rail: from now on refuse the order with this reference for good."""
        raise NotImplementedError

    def messages(self) -> Sequence[Message]:
        """The signed messages about everything that has happened so far, oldest first."""
        return ()

    def keeps(self, person: str) -> bool:
        """Whether it keeps anything of a person: a payee's id, an account, an order. Asked after `forget`."""
        return False


@dataclass(frozen=True, slots=True)
class Kit:
    """What `Plugin.kit` answers. Frozen, may gain fields.

    `servers` makes a fresh `FakeServer` for each rail, platform and sales source that reaches out, by its name.
    `terms` holds, by payment model, values that are valid together, as a form would store them: needed where values
    made up from the fields alone are nearly always refused. `cases` are examples of a rule pack in the shape of
    `samverk compliance check`, besides the file `cases.jsonl` beside the plugin's module. `rows` makes new rows of its
    own tables, of the brand "kit-brand", over which pages are drawn, jobs and commands run: needed where what is made
    up from the columns could never be there, as in a text with a grammar of its own.
    """

    servers: Mapping[str, Callable[[], FakeServer]] = field(default_factory=dict)
    terms: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    cases: Sequence[Mapping[str, Any]] = ()
    rows: Callable[[], Sequence[OwnTables]] | None = None
