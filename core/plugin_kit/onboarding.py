"""Payees whom a rail wants to know first: who is not let in reads why, and finds a way on that can be followed."""

from __future__ import annotations

from core.plugin_api.context import ConnectorError
from core.plugin_api.kit import FakeServer
from core.plugin_api.payout_rails import Onboarding, Payee, PayoutRail
from core.plugin_kit.checks import Broken, NotAsked, Subject, check, fell
from core.plugin_kit.outside import over
from core.plugin_kit.payees import payees_of
from core.plugin_kit.placeholders import misfilled
from core.plugin_kit.plain import plain
from core.plugin_kit.rails import HTTPS, KIND, side_of
from core.plugin_kit.wire import Fault, broke_after, lost, says

BAD_DAYS: tuple[tuple[str, Fault], ...] = (
    ("when no answer came", lost),
    ("when the other side says 500", broke_after),
    ("when the other side says 401", says(401)),
    ("when the other side says 200 and the bytes b'<html>'", says(200, b"<html>")),
)
RAISE = "Catch what reading the answer raises, and raise Unavailable or BadAnswer: what was known before stays then."
WHY = 'Say missing=[T("…")], or the url where they go on: else the payee is left out of runs and reads nothing.'


@check(
    "onboards",
    "It says how far a payee is, and how they go on",
    KIND,
    hint='Return Onboarding(ready=True), or Onboarding(ready=False, url="https://…", missing=[T("…")]); raise '
    "Unavailable, AuthExpired or BadAnswer where the other side does not say: what was known before stays then.",
)
def onboards(subject: Subject, rail: PayoutRail) -> None:
    """Asked of each payee; on a bad day nobody is let in because nobody answered."""
    if not rail.supports("onboard"):
        raise NotAsked
    server = side_of(subject, rail)
    for person in payees_of(rail, server):
        ctx, _ = over(subject, server)
        _hold(rail.onboard(ctx, person), f"onboard of {person.id}")
    for when, fault in BAD_DAYS:
        _hold_bad_day(subject, rail, side_of(subject, rail), when, fault)


def _hold(told: object, case: str) -> None:
    from core.payouts.todo import https_link  # slow to import, and needed only here

    if not isinstance(told, Onboarding):
        raise Broken("an Onboarding", plain(told), case)
    if told.url is not None and not https_link(told.url):
        raise Broken("an https address that a payee can follow", repr(told.url), case, HTTPS)
    if not told.ready and not (told.missing or told.url):
        raise Broken("what is missing, or where they go on", plain(told), case, WHY)
    for fault in filter(None, map(misfilled, told.missing)):
        raise Broken("words whose every %(name)s is filled in", f"{plain(told)} with {fault}", case)


def _hold_bad_day(subject: Subject, rail: PayoutRail, server: FakeServer, when: str, fault: Fault) -> None:
    person: Payee = payees_of(rail, server)[0]
    ctx, wire = over(subject, server, fault)
    try:
        told = rail.onboard(ctx, person)
    except ConnectorError:
        return
    except Exception as error:
        raise Broken("Unavailable, AuthExpired or BadAnswer", fell(error, subject), when, RAISE) from None
    if wire.sent and isinstance(told, Onboarding) and told.ready:
        mend = "Look at the status before you say ready: who is let in by mistake is paid by a rail that refuses them."
        raise Broken("an error, or ready=False", plain(told), when, mend)
