"""What the other side says on a bad day is raised by its right name, and of money nobody says more than is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.plugin_api.context import AuthExpired, BadAnswer, ConnectorError, NotFound, RateLimited, Unavailable
from core.plugin_api.contract import Provider
from core.plugin_api.payout_rails import Ambiguous, PayoutRail, Refused
from core.plugin_kit.checks import Broken, Subject, check, fell
from core.plugin_kit.outside import KINDS, calls, over, server_for
from core.plugin_kit.plain import plain
from core.plugin_kit.wire import Fault, lost, says

RUBBISH = (b"", b"<html>Bad gateway</html>", b'{"data": [', b"\xff\xfe\x00", b"7", b'"yes"')
FAULTS: tuple[tuple[str, Fault, type[ConnectorError]], ...] = (
    ("401", says(401), AuthExpired),
    ("403", says(403), AuthExpired),
    ("404", says(404), NotFound),
    ("429 with Retry-After: 17", says(429, headers={"Retry-After": "17"}), RateLimited),
    ("500", says(500, b"Internal server error"), Unavailable),
    ("503", says(503, b""), Unavailable),
    ("no answer at all", lost, Unavailable),
    *((f"200 and the bytes {body!r}", says(200, body), BadAnswer) for body in RUBBISH),
)
RAISED = (AuthExpired, RateLimited)
"""What a rail raises as everybody does: it was not let in, so whether an order was paid is not the question."""
NOBODY_KNOWS = (NotFound, Unavailable, BadAnswer)
"""What else it may raise, in place of `Ambiguous` for every order."""
TOLD_BY_DROP = (" 500", "no answer at all")
RAISE = (
    "Look at the status of every answer: raise AuthExpired for 401 and 403, RateLimited for 429. Core keeps the whole "
    "batch, tells finance what is to be renewed or waits, and sends it again with the same key."
)
ONLY_AMBIGUOUS = (
    "Answer Ambiguous unless the provider says in so many words that it pays or will not pay: what was Accepted is "
    "never sent again, what was Refused is owed and paid anew."
)


@check(
    "errors",
    "Each fault of the other side is raised by its own name",
    *KINDS,
    hint="401 and 403 AuthExpired, 404 NotFound, 429 RateLimited(retry_after), 5xx Unavailable, rubbish BadAnswer.",
)
def errors(subject: Subject, item: Provider) -> None:
    """Core does something else for each: ask the person, wait, keep the old data; of a rail, send the batch again."""
    for name in calls(item, server_for(subject, item)):
        for what, fault, expected in FAULTS:
            case = f"{name} when the other side says {what}"
            said, asked = _said(subject, item, name, fault)
            if isinstance(item, PayoutRail) and expected not in RAISED:
                _hold_money(subject, name, expected, said, case)
            elif asked or isinstance(said, Exception):
                _hold_raised(subject, item, name, expected, said, case)


def _said(subject: Subject, item: Provider, name: str, fault: Fault) -> tuple[Any, bool]:
    """What a call answers or raises, and whether it went outside at all."""
    server = server_for(subject, item)
    ctx, wire = over(subject, server, fault)
    try:
        return calls(item, server)[name](ctx), bool(wire.sent)
    except Exception as error:
        return error, bool(wire.sent)


def _hold_raised(
    subject: Subject, item: Provider, name: str, expected: type[ConnectorError], said: Any, case: str
) -> None:
    mend = RAISE if isinstance(item, PayoutRail) else ""
    if isinstance(said, RateLimited) and expected is RateLimited and said.retry_after != 17:
        raise Broken("retry_after=17", f"retry_after={said.retry_after}", case)
    if isinstance(said, ConnectorError) and type(said) is not expected:
        raise Broken(expected.__name__, type(said).__name__, case, mend)
    if isinstance(said, Exception) and not isinstance(said, ConnectorError):
        raise Broken(expected.__name__, fell(said, subject), case, mend)
    left_out = name == "metrics" and expected is NotFound and not said
    if not isinstance(said, Exception) and not left_out:
        raise Broken(expected.__name__, f"an answer: {plain(said)}"[:300], case, mend)


def _hold_money(subject: Subject, name: str, expected: type[ConnectorError], said: Any, case: str) -> None:
    """Nothing is Accepted or Refused; what `drop`, `lookup` and `onboards` tell of is left to them."""
    wanted = "Ambiguous, Unavailable or BadAnswer"
    if name == "onboard" or (name == "lookup" and expected is NotFound) or isinstance(said, NOBODY_KNOWS):
        return
    if isinstance(said, Exception):
        seen = type(said).__name__ if isinstance(said, ConnectorError) else fell(said, subject)
        raise Broken(wanted, seen, case, ONLY_AMBIGUOUS)
    elsewhere = name == "submit" and (expected is NotFound or case.endswith(TOLD_BY_DROP))
    for reference, outcome in said.items() if isinstance(said, Mapping) else ():
        if not isinstance(outcome, Ambiguous) and not (elsewhere and isinstance(outcome, Refused)):
            raise Broken(f"Ambiguous for {reference}", plain(outcome), case, ONLY_AMBIGUOUS)
