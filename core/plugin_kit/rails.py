"""Rails: nobody is paid twice, nothing is lost in between, and every unit arrives as it left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial as given
from typing import Any

from core.money import Money
from core.plugin_api.context import NotSupported
from core.plugin_api.kit import FakeServer
from core.plugin_api.payout_rails import Accepted, Ambiguous, NeedsAction, PayoutBatch, PayoutRail, RailEvent, Refused
from core.plugin_kit.anew import anew
from core.plugin_kit.checks import Broken, NotAsked, Subject, check
from core.plugin_kit.outside import happened, over, server_for, webhook
from core.plugin_kit.payees import batch_for, sends
from core.plugin_kit.plain import plain
from core.plugin_kit.wire import broke_after, dropped, lost

KIND = "payout_rails"
KEY = "kit-key"
STATUSES = frozenset({"sent", "received", "failed", "returned"})
HTTPS = 'Give url="https://…" with a host and no name or password in it, or leave it out: core shows no other link.'
OUTCOMES = (Accepted, Refused, Ambiguous, NeedsAction)
AGAIN = "submit, then submit again with the same key"
RESTARTED = f"{AGAIN} after a restart"
FROM_CORE = (
    "Name files and ids by batch.id, key and order.reference alone, and keep nothing between two calls: what is made "
    "up when the module is imported is another after a restart."
)


def owed(batch: PayoutBatch) -> list[tuple[str, Money]]:
    """What a batch pays, by reference."""
    return [(order.reference, order.amount) for order in batch.orders]


def paid(server: FakeServer) -> list[tuple[str, Money]]:
    """What the server has really paid, in the order of the references."""
    return sorted(server.payments(), key=lambda payment: (payment[0], payment[1].minor))


def side_of(subject: Subject, rail: PayoutRail) -> FakeServer:
    """The other side; of a rail that reaches nothing it holds at most the settings that its author hands over."""
    return server_for(subject, rail) if rail.reaches_out else subject.server(rail.name) or FakeServer()


def hold_paid(server: FakeServer, expected: list[tuple[str, Money]], example: str, mend: str = "") -> None:
    """Raise unless exactly this was paid."""
    if paid(server) != sorted(expected, key=lambda payment: payment[0]):
        raise Broken(_told(expected), _told(paid(server)), example, mend)


def _told(payments: list[tuple[str, Money]]) -> str:
    return ", ".join(f"{name}: {amount.decimal} {amount.currency}" for name, amount in payments) or "no payment"


@check(
    "outcomes",
    "It says of every order what became of it",
    KIND,
    hint="Return {order.reference: Accepted, Refused, Ambiguous or NeedsAction} for every order, and for no other.",
)
def outcomes(subject: Subject, rail: PayoutRail) -> None:
    """An outcome for each reference of the batch."""
    from core.payouts.todo import https_link  # slow to import, and needed only here

    server = side_of(subject, rail)
    ctx, _ = over(subject, server)
    batch = batch_for(rail, server)
    found = rail.submit(ctx, batch, KEY)
    wanted = {order.reference for order in batch.orders}
    if not isinstance(found, Mapping) or set(found) != wanted:
        raise Broken(f"outcomes of {', '.join(sorted(wanted))}", plain(found))
    for reference, outcome in found.items():
        if not isinstance(outcome, OUTCOMES):
            raise Broken("Accepted, Refused, Ambiguous or NeedsAction", plain(outcome), reference)
        if isinstance(outcome, NeedsAction) and outcome.url is not None and not https_link(outcome.url):
            raise Broken("an https address that a person can follow", repr(outcome.url), reference, HTTPS)


@check(
    "takes",
    "It takes orders of people whom it can pay",
    KIND,
    hint="Hand over in kit() a FakeServer with settings and secrets that it works with, also if it reaches nothing.",
)
def takes(subject: Subject, rail: PayoutRail) -> None:
    """A rail that refuses every order was not tried at all."""
    server = side_of(subject, rail)
    ctx, _ = over(subject, server)
    found = list(_tried(rail, ctx, batch_for(rail, server)).values())
    if found and all(isinstance(outcome, Refused | Ambiguous) for outcome in found):
        raise Broken("an order that is not refused", plain(found[0]), f"settings: {dict(ctx.settings)}")


@check(
    "same-key",
    "The same key again is the same payment",
    KIND,
    hint="Send key and reference as the provider's idempotency key: f'{key}:{order.reference}', never a fresh one.",
)
def same_key(subject: Subject, rail: PayoutRail) -> None:
    """Submitted twice, by the same process and by another, each order is paid once, with its whole amount."""
    for again, case in ((rail, AGAIN), (anew(subject, rail), RESTARTED)):
        server = side_of(subject, rail)
        ctx, _ = over(subject, server)
        batch = batch_for(rail, server)
        first, second = rail.submit(ctx, batch, KEY), again.submit(ctx, batch, KEY)
        if rail.reaches_out:
            hold_paid(server, owed(batch), case, FROM_CORE if case is RESTARTED else "")
        if first != second:
            mend = "" if rail.reaches_out and case is AGAIN else FROM_CORE
            raise Broken(f"again {plain(first)}", plain(second), case, mend)


@check(
    "drop",
    "An answer that got lost costs nobody money",
    KIND,
    hint="No answer and a 5xx are Ambiguous, never Refused: core asks again with the same key.",
)
def drop(subject: Subject, rail: PayoutRail) -> None:
    """Whichever answer is lost, and whether it was done or not: asked again, each is paid once.

    It is asked again by the same process and by another, for a killed worker never says what it knew.
    """
    count = len(_clean(subject, rail))
    again = [(rail, "the same key again"), *_restarted(subject, rail)]
    for fault in (dropped, lost, broke_after):
        for number in range(1, count + 1):
            for whose, then in again:
                case = f"{(fault.__doc__ or '').rstrip('.')} (request {number} of {count}), then {then}"
                server = server_for(subject, rail)
                ctx, _ = over(subject, server, faults={number: fault})
                batch = batch_for(rail, server)
                for reference, outcome in _tried(rail, ctx, batch).items():
                    if isinstance(outcome, Refused):
                        raise Broken(f"Ambiguous for {reference}", f"Refused: {outcome.reason}", case)
                whose.submit(over(subject, server)[0], batch, KEY)
                hold_paid(server, owed(batch), case)


def _restarted(subject: Subject, rail: PayoutRail) -> list[tuple[PayoutRail, str]]:
    """The rail of another process; none where a restart costs money even if nothing is lost, which `same-key` tells."""
    again, server = anew(subject, rail), server_for(subject, rail)
    ctx, batch = over(subject, server)[0], batch_for(rail, server)
    for one in (rail, again):
        one.submit(ctx, batch, KEY)
    return [(again, "the same key again after a restart")] if len(paid(server)) == len(batch.orders) else []


def _clean(subject: Subject, rail: PayoutRail) -> list[Any]:
    if not rail.reaches_out:
        raise NotAsked
    server = server_for(subject, rail)
    ctx, wire = over(subject, server)
    rail.submit(ctx, batch_for(rail, server), KEY)
    return wire.sent


def _tried(rail: PayoutRail, ctx: Any, batch: PayoutBatch) -> Mapping[str, Any]:
    try:
        return rail.submit(ctx, batch, KEY)
    except Exception:
        return {}  # core takes that as: nobody knows


@check(
    "partial",
    "One refused order does not touch the others of its batch",
    KIND,
    hint="Answer for each order by itself: Refused where the provider refuses for good, and go on with the others.",
)
def partial(subject: Subject, rail: PayoutRail) -> None:
    """The second of three is refused: that one is Refused, the others are paid."""
    if not rail.reaches_out:
        raise NotAsked
    server = server_for(subject, rail)
    ctx, _ = over(subject, server)
    batch = batch_for(rail, server)
    unlucky = batch.orders[1].reference
    server.refuse(unlucky)
    found = rail.submit(ctx, batch, KEY)
    if not isinstance(found.get(unlucky), Refused):
        raise Broken(f"Refused for {unlucky}", plain(found.get(unlucky)), f"the server refuses {unlucky} alone")
    others = [payment for payment in owed(batch) if payment[0] != unlucky]
    hold_paid(server, others, f"the server refuses {unlucky} alone")
    for reference, _ in others:
        if isinstance(found.get(reference), Refused | Ambiguous):
            raise Broken(
                f"Accepted for {reference}", plain(found.get(reference)), f"the server refuses {unlucky} alone"
            )


@check(
    "events",
    "What it reports later names the order, one of four statuses and the true amount",
    KIND,
    hint="RailEvent takes the provider's id, our reference, sent, received, failed or returned, a moment, from_wire().",
)
def events(subject: Subject, rail: PayoutRail) -> None:
    """Every event can be held against what was ordered, in each currency, by a process that has sent nothing."""
    read = webhook(anew(subject, rail))
    if read is None:
        raise NotAsked
    for code in filter(given(_comes_back, rail), sends(rail)):
        server, ctx = happened(subject, rail, code)
        known = dict(owed(batch_for(rail, server, code)))
        for message in server.messages():
            for event in read(ctx, message):
                _hold_event(event, known)


def _comes_back(rail: PayoutRail, code: str) -> bool:
    """Whether amounts come back from the wire as they left; where they do not, `wire-units` tells."""
    try:
        sent = owed(batch_for(rail, FakeServer(), code))
        return all(rail.from_wire(rail.to_wire(amount), code) == amount for _, amount in sent)
    except Exception:
        return False


def _hold_event(event: object, known: Mapping[str, Money]) -> None:
    if not isinstance(event, RailEvent) or event.reference not in known or event.status not in STATUSES:
        wanted = f"a RailEvent, reference one of {', '.join(known)}, status one of {', '.join(sorted(STATUSES))}"
        raise Broken(wanted, plain(event))
    if not event.id or event.at.tzinfo is None:
        raise Broken("the provider's id and a moment with its zone", plain(event))
    if event.amount is not None and event.amount != known[event.reference]:
        mend = "The amount of a RailEvent is what core ordered: from_wire turns the provider's units back."
        raise Broken(plain(known[event.reference]), plain(event.amount), plain(event), mend)


@check(
    "lookup",
    "It finds what it has paid, and makes nothing up",
    KIND,
    hint="Leave out a reference that the provider never saw; a payment found is Accepted with the provider's id.",
)
def lookup(subject: Subject, rail: PayoutRail) -> None:
    """After an answer was lost past the key's window, this is all that core has, whatever was restarted since."""
    server = side_of(subject, rail)
    ctx, _ = over(subject, server)
    batch = batch_for(rail, server)
    submitted = rail.submit(ctx, batch, KEY)
    try:
        found = anew(subject, rail).lookup(ctx, [*submitted, "never-seen"])
    except NotSupported:
        raise NotAsked from None
    if "never-seen" in found:
        raise Broken("nothing about never-seen", plain(found["never-seen"]))
    for reference, outcome in submitted.items():
        if isinstance(outcome, Accepted) and found.get(reference) != outcome:
            raise Broken(plain(outcome), plain(found.get(reference)), reference)


@check(
    "wire-units",
    "Every amount arrives as it left, in the provider's own units",
    KIND,
    hint="Providers differ from ISO 4217: look each currency up with them, and say in step() how they round.",
)
def wire_units(subject: Subject, rail: PayoutRail) -> None:
    """To the wire and back, and as the server paid it, in every currency that it declares."""
    for code in sends(rail):
        step, least = rail.step(code), rail.minimum(code)
        if type(step) is not int or step < 1:
            mend = "step(currency) is the least that the provider sends, in minor units: 1, or 100 without cents."
            raise Broken("a step of at least one minor unit", repr(step), code, mend)
        if least.currency != code or least.minor % step or least.minor <= 0:
            mend = "minimum(currency) is Money in that currency, above nothing and a multiple of step(currency)."
            raise Broken(f"a minimum in {code} that is a multiple of {step}", plain(least), code, mend)
        seen: dict[object, Money] = {}
        for count in (1, 2, 7, 100, 12_345):
            amount = Money(max(step * count, least.minor) + step * count, code)
            wire = rail.to_wire(amount)
            if type(wire) not in (int, str) or json.loads(json.dumps(wire)) != wire:
                raise Broken("a whole number or a text", f"{wire!r} for {amount.decimal} {code}")
            back = rail.from_wire(wire, code)
            if back != amount or seen.setdefault(wire, amount) != amount:
                raise Broken(f"{amount.decimal} {code}", f"{back.decimal} {back.currency}", f"{wire!r} on the wire")
        if rail.reaches_out and subject.server(rail.name) is not None:
            _through(subject, rail, code)


def _through(subject: Subject, rail: PayoutRail, code: str) -> None:
    server = server_for(subject, rail)
    batch = batch_for(rail, server, code)
    rail.submit(over(subject, server)[0], batch, KEY)
    hold_paid(server, owed(batch), f"a batch in {code}")
