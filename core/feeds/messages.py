"""Messages that the other side sends by itself: every provider of the plugin that listens is asked whose they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.accounts.models import Brand
from core.crypto import Keyring
from core.errors import Missing, SamverkError
from core.feeds.asking import ask, failed, is_complete, the_feed
from core.feeds.asking import told as note
from core.feeds.faults import FAILED, Fault
from core.feeds.kinds import MESSAGES
from core.outbox import Later
from core.plugin_api.context import Context
from core.plugin_api.text import T
from core.plugin_host.contexts import context_of
from core.plugin_host.deadlines import Seam
from core.plugin_host.host import PluginHost
from core.plugin_host.service import switches

LISTENING = {"sales_sources": "verify_webhook", "platforms": "verify_webhook", "payout_rails": "parse_webhook"}
"""By which method a provider of each kind reads a signed message."""
STEADY = frozenset({"payout_rails"})
"""Kinds that are heard also where their plugin is switched off: what was handed over goes on."""
Whose = tuple[str, str]
"""A provider: its kind and its name."""


class Unsigned(SamverkError):
    """No provider knows the signature."""

    status = 401


class PluginFailed(SamverkError):
    """The plugin itself failed: the sender tries again."""

    status = 500


class Headers(Mapping[str, str]):
    """The headers of a message, found by their names in whatever case."""

    def __init__(self, headers: Iterable[tuple[str, str]]) -> None:
        """Keep them by lower case."""
        self._found = {name.lower(): value for name, value in headers}

    def __getitem__(self, name: str) -> str:
        """The value of a header."""
        return self._found[name.lower()]

    def __iter__(self) -> Iterator[str]:
        """The names, in lower case."""
        return iter(self._found)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._found)


@dataclass(frozen=True, slots=True)
class Receiver:
    """What becomes of the messages of a kind of provider.

    `check` runs behind the fence and gives the records back, or raises `TypeError` or `ValueError`; `take` writes them
    and says how many were new.
    """

    check: Callable[[Any], Sequence[Any]]
    take: Callable[..., int]
    """Called with session, brand_id, source, records."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where a message goes: the brand, the plugin, and by (kind, name) its providers that listen."""

    brand: Brand
    plugin: str
    ctx: Context
    providers: Mapping[Whose, Any]


def listeners(host: PluginHost, plugin: str, kind: str) -> dict[str, Any]:
    """A plugin's providers of a kind that read signed messages, by name."""
    found = host.registry(kind)
    return {
        name: provider
        for name, provider in found.items()
        if found.owners[name] == plugin and provider.supports(LISTENING[kind])
    }


def open_mailbox(
    session: Session, host: PluginHost, keyring: Keyring, *, plugin: str, brand: str, kinds: Collection[str]
) -> Mailbox:
    """The mailbox of a brand's plugin; `Missing` when there is none, also when it is switched off and not `STEADY`.

    `Later` while the plugin lacks settings: what cannot be asked for is not taken either, and the sender keeps it.
    Close the session before you read a message.
    """
    found = session.scalar(select(Brand).where(Brand.public_id == brand))
    on = found is not None and switches(session, found.id).get(plugin, True)
    providers = {
        (kind, name): provider
        for kind in kinds
        if on or kind in STEADY
        for name, provider in listeners(host, plugin, kind).items()
    }
    if found is None or not providers:
        raise Missing(T("There is nothing at this address."))
    if not is_complete(session, host.active[plugin], found):
        raise Later(plugin)
    return Mailbox(found, plugin, context_of(session, host, keyring, plugin, found), providers)


def read(
    host: PluginHost, mailbox: Mailbox, receivers: Mapping[str, Receiver], headers: Headers, body: bytes
) -> dict[Whose, Sequence[Any] | Fault]:
    """What each provider that knows the signature makes of a message.

    `Unsigned` when none does, `PluginFailed` when one of them fails, `Later` while the plugin is paused.
    """
    told: dict[Whose, Sequence[Any] | Fault] = {}
    host = host.of(mailbox.ctx.brand)
    for whose, provider in mailbox.providers.items():
        method, check = LISTENING[whose[0]], receivers[whose[0]].check
        answer = ask(
            host, mailbox.plugin, _question(getattr(provider, method), check, headers, body), mailbox.ctx,
            returns=Sequence, what=method, seam=Seam.MESSAGE,
        )  # fmt: skip
        if isinstance(answer, Fault) and answer.kind == FAILED:
            raise PluginFailed(answer.message)
        if not isinstance(answer, Fault) or answer.kind != "BadSignature":
            told[whose] = answer
    if not told:
        raise Unsigned(T("The signature does not match."))
    return told


def take_down(
    session: Session,
    host: PluginHost,
    mailbox: Mailbox,
    receivers: Mapping[str, Receiver],
    told: Mapping[Whose, Sequence[Any] | Fault],
) -> list[Fault]:
    """Book what a message tells, each with the news of its feed; the faults of those that could not read it."""
    brand_id, version = mailbox.brand.id, host.active[mailbox.plugin].version[:60]
    for (kind, name), answer in told.items():
        good = not isinstance(answer, Fault)
        new = receivers[kind].take(session, brand_id=brand_id, source=name, records=answer) if good else 0
        feed = the_feed(session, brand_id, kind, name, MESSAGES, plugin=mailbox.plugin)
        if isinstance(answer, Fault):
            failed(feed, answer, at=clock.now(), every=None, version=version)
        else:
            note(feed, at=clock.now(), every=None, version=version, taken=new)
    return [answer for answer in told.values() if isinstance(answer, Fault)]


def _question(
    verify: Callable[..., Any], check: Callable[[Any], Sequence[Any]], headers: Headers, body: bytes
) -> Callable[[Context], Sequence[Any]]:
    return lambda ctx: check(verify(ctx, headers, body))
