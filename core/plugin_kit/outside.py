"""Whoever talks to the other side: there is a server to try it on, one way out, and nothing secret in a log."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryFile
from typing import Any

from core.plugin_api.context import BadSignature, Context, NotSupported
from core.plugin_api.contract import Provider
from core.plugin_api.kit import FakeServer, Message
from core.plugin_api.payout_rails import PayoutBatch, PayoutRail
from core.plugin_api.platforms import PlatformConnector
from core.plugin_api.sales_sources import SalesSource
from core.plugin_kit.checks import Broken, NotAsked, Subject, check, fell
from core.plugin_kit.guard import no_network
from core.plugin_kit.payees import batch_for, payees, payees_of
from core.plugin_kit.plain import plain
from core.plugin_kit.wire import Fault, Wire, broke_after, dropped, plainly, says

KINDS = ("payout_rails", "platforms", "sales_sources")
Call = Callable[[Context], Any]


def calls(item: Provider, server: FakeServer, currency: str | None = None) -> dict[str, Call]:
    """What a provider can be asked over the wire, by method; a rail to pay in a currency, or in any that it sends."""
    asked: dict[str, Call] = {}
    if isinstance(item, PayoutRail):
        batch = batch_for(item, server, currency)
        person = batch.orders[0].payee
        asked = {
            "onboard": lambda ctx: item.onboard(ctx, person),
            "submit": lambda ctx: item.submit(ctx, batch, "kit-key"),
            "lookup": lambda ctx: _looked_up(item, ctx, batch),
        }
        asked = asked if item.reaches_out else {}
    elif isinstance(item, PlatformConnector):
        account, posts = server.account, list(server.posts)
        asked = {
            "profile": lambda ctx: item.profile(ctx, account),
            "posts": lambda ctx: item.posts(ctx, account),
            "metrics": lambda ctx: item.metrics(ctx, posts),
            "disclosure": lambda ctx: item.disclosure(ctx, posts[0] if posts else ""),
        }
    elif isinstance(item, SalesSource):
        asked = {"orders": lambda ctx: item.orders(ctx, server.since)}
    return {name: call for name, call in asked.items() if item.supports(name)}


def _looked_up(rail: PayoutRail, ctx: Context, batch: PayoutBatch) -> Any:
    try:
        return rail.lookup(ctx, [order.reference for order in batch.orders])
    except NotSupported:
        return {}


def webhook(item: Provider) -> Callable[[Context, Message], Any] | None:
    """How a provider reads a signed message; None when it reads none."""
    name = "parse_webhook" if isinstance(item, PayoutRail) else "verify_webhook"
    if not item.supports(name):
        return None
    return lambda ctx, message: getattr(item, name)(ctx, message.headers, message.body)


def server_for(subject: Subject, item: Provider) -> FakeServer:
    """A fresh server, `NotAsked` where the author hands none over."""
    server = subject.server(item.name)
    if server is None:
        raise NotAsked
    return server


def over(subject: Subject, server: FakeServer, always: Fault = plainly, faults: Any = None) -> tuple[Context, Wire]:
    """A context whose way out leads to the server."""
    wire = Wire(server, always, faults)
    return subject.context(server, wire), wire


def happened(subject: Subject, item: Provider, currency: str | None = None) -> tuple[FakeServer, Context]:
    """A server at which everything was asked once, so that it has something to tell."""
    server = server_for(subject, item)
    ctx, _ = over(subject, server)
    for call in calls(item, server, currency).values():
        call(ctx)
    return server, ctx


@check(
    "server",
    "Its author hands over the other side in miniature",
    *KINDS,
    hint="Answer Kit(servers={'<name>': YourServer}) from kit() of the plugin; docs/plugins/kit.md shows a whole one.",
)
def has_server(subject: Subject, item: Provider) -> None:
    """Whatever reaches out can be tried without the outside."""
    if not calls(item, FakeServer()) and webhook(item) is None:
        raise NotAsked
    if subject.server(item.name) is None:
        raise Broken(f"a FakeServer for {item.name} in kit()", "none, so nothing that it says outside could be tried")


@check(
    "no-socket",
    "It goes out through `ctx.http` alone",
    *KINDS,
    hint="Call ctx.http.request(...); a client of your own or of an SDK knows no deadline and no guard.",
)
def no_socket(subject: Subject, item: Provider) -> None:
    """No socket and no process of its own, whatever it is asked."""
    server = server_for(subject, item)
    ctx, wire = over(subject, server)
    for name, call in calls(item, server).items():
        with no_network() as touched, contextlib.suppress(Exception):
            call(ctx)
        if touched:
            raise Broken("ctx.http.request(...)", touched[0], name)
    if not wire.sent and calls(item, server):
        raise Broken("requests over ctx.http", "none")


@check(
    "webhooks",
    "A message told twice, or late, says the same",
    *KINDS,
    hint="Take ids, moments and amounts from the message alone; what was seen before is core's to remember.",
)
def webhooks(subject: Subject, item: Provider) -> None:
    """Doubled and turned around, signed messages give the same events."""
    read = webhook(item)
    if read is None:
        raise NotAsked
    server, ctx = happened(subject, item)
    messages = list(server.messages())
    if not messages:
        mend = "Let messages() of the FakeServer give the signed messages about what it was asked before."
        raise Broken("messages() of the server to tell of what has happened", "none", mend=mend)
    first = [list(read(ctx, message)) for message in messages]
    again = [list(read(ctx, message)) for message in reversed(messages)][::-1]
    for message, one, two in zip(messages, first, again, strict=True):
        if one != two:
            raise Broken(f"again {plain(one)}", plain(two), message.body[:300].decode("utf-8", "replace"))


@check(
    "signature",
    "A message that the other side did not sign is refused",
    *KINDS,
    hint="Hold the signature against the raw bytes with hmac.compare_digest before you read them; raise BadSignature.",
)
def signature(subject: Subject, item: Provider) -> None:
    """Changed bytes, lost headers and another secret all raise `BadSignature`; without a secret nothing is taken."""
    read = webhook(item)
    if read is None:
        raise NotAsked
    server, ctx = happened(subject, item)
    other = Context(ctx.brand, ctx.settings, {key: f"not-{secret}" for key, secret in ctx.secrets.items()}, ctx.http)
    for message in server.messages():
        forged = {
            "a space after the signed bytes": (ctx, Message(message.headers, message.body + b" ")),
            "no bytes at all": (ctx, Message(message.headers, b"")),
            "no headers": (ctx, Message({}, message.body)),
        }
        if ctx.secrets:
            forged["another secret"] = (other, message)
        for what, (context, sent) in forged.items():
            try:
                told = read(context, sent)
            except BadSignature:
                continue
            except Exception as error:
                raise Broken("BadSignature", fell(error, subject), what) from None
            raise Broken("BadSignature", plain(told), what)
    for sent in _signed_by_anyone(server, ctx):
        try:
            told = read(Context(ctx.brand, ctx.settings, {}, ctx.http), sent)
        except Exception:  # noqa: S112 - a KeyError refuses too, and core asks nothing while a required secret is missing
            continue
        mend = "Raise BadSignature where the secret is missing or empty: anyone can sign with nothing."
        raise Broken("BadSignature", plain(told), "a message while no secret is entered", mend)


def _signed_by_anyone(server: FakeServer, ctx: Context) -> list[Message]:
    """What a stranger can send while no secret is entered: changed bytes, and what is signed with an empty one."""
    if not ctx.secrets:
        return []
    true = list(server.messages())
    server.secrets = dict.fromkeys(server.secrets, "")
    signed: list[Message] = []
    with contextlib.suppress(Exception):  # this server signs with nothing at all
        signed = [message for message in server.messages() if message not in true]
    return [Message(message.headers, message.body + b" ") for message in true] + signed


@check(
    "secrets",
    "Nothing secret is in a log, an answer or an error",
    *KINDS,
    hint="Log ids and statuses, never headers, bodies, accounts or a request as it stands.",
)
def secrets(subject: Subject, item: Provider) -> None:
    """Through good days and bad ones no secret and no account number is written down."""
    kept = [person.iban for person in payees()] if isinstance(item, PayoutRail) else []
    faults: list[Fault] = [plainly, dropped, broke_after, says(401), says(403, b"<html>"), says(200, b"{")]
    for fault in faults:
        server = subject.server(item.name) or FakeServer()
        ctx, _ = over(subject, server, fault)
        with written() as said:
            asked = list(calls(item, server).values())
            if isinstance(item, PayoutRail) and not asked:
                asked = [partial(_submit, item, server)]
            for call in asked:
                _loudly(said, call, ctx, answers=not isinstance(item, PayoutRail))
            read = webhook(item)
            if read is not None:
                _loudly(said, partial(_unsigned, read), ctx)
        for secret in filter(None, [*server.secrets.values(), *kept]):
            for line in said:
                if secret in line:
                    raise Broken("no secret and no account number", line.replace(secret, "•••")[:300])


def _submit(rail: PayoutRail, server: FakeServer, ctx: Context) -> Any:
    return rail.submit(ctx, batch_for(rail, server), "kit-key")


def _unsigned(read: Callable[[Context, Message], Any], ctx: Context) -> Any:
    return read(ctx, Message({}, b"{}"))


def _loudly(said: list[str], call: Call, ctx: Context, *, answers: bool = True) -> None:
    """Ask, and keep what was raised, as a log would; a rail's answer may tell a person an account, and is not kept."""
    try:
        told = call(ctx)
        said.append(repr(told) if answers else "")
    except Exception as error:
        said.append(f"{type(error).__name__}: {error} {getattr(error, 'message', '')}")


@contextmanager
def written() -> Iterator[list[str]]:
    """All that is logged, warned of or printed while the block runs, down to the last debug line."""
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(logging.Formatter("%(name)s %(message)s").format(record))

    root, ear, out = logging.getLogger(), Ear(), io.StringIO()
    before = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        with warnings.catch_warnings(record=True) as warned, _past_python(said):
            warnings.simplefilter("always")
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                yield said
    finally:
        root.removeHandler(ear)
        root.setLevel(before)
        said += [out.getvalue(), *(str(one.message) for one in warned)]


@contextmanager
def _past_python(said: list[str]) -> Iterator[None]:
    """What goes to the descriptors 1 and 2 themselves, as by `os.write` and from code in C."""
    with TemporaryFile() as file:
        kept = {number: os.dup(number) for number in (1, 2)}
        for number in kept:
            os.dup2(file.fileno(), number)
        try:
            yield
        finally:
            for number, was in kept.items():
                os.dup2(was, number)
                os.close(was)
            file.seek(0)
            said.append(file.read().decode("utf-8", "replace"))


@check(
    "forgets",
    "It forgets a person when asked, also when asked again",
    *KINDS,
    hint="forget erases what your side and the other side keep of a payee, account or order, and raises for nobody.",
)
def forgets(subject: Subject, item: Provider) -> None:
    """After `forget` the server keeps nothing of the person; somebody unknown is no fault."""
    server = subject.server(item.name) or FakeServer()
    ctx, _ = over(subject, server)
    asked = calls(item, server).values()
    if asked and subject.server(item.name) is None:
        raise NotAsked
    for call in asked:
        call(ctx)
    known, *_, stranger = payees_of(item, server) if isinstance(item, PayoutRail) else payees(server)
    people: list[tuple[str, Any]] = [(known.id, known), (stranger.id, stranger)]
    if not isinstance(item, PayoutRail):
        own = server.account if isinstance(item, PlatformConnector) else next(iter(server.orders), "")
        people = [(person, person) for person in (own, "nobody") if person]
    for _ in range(2):
        for person, given in people:
            with contextlib.suppress(NotSupported):
                item.forget(ctx, given)  # type: ignore[attr-defined]
            if server.keeps(person):
                raise Broken(f"nothing kept of {person}", "the server still keeps something", f"forget of {person!r}")
