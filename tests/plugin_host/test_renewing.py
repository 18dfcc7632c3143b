"""A plugin keeps a secret that the other side replaced: at once, where the old one stood, and never over a newer."""

# ruff: noqa: F811 - fixtures come from the neighbours

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from threading import Barrier
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from core import clock, outbox, rotation, schedule, wiring
from core.audit import AuditEntry
from core.instance import Instance
from core.payouts import service as payouts
from core.payouts.limits import Limits
from core.plugin_host.contexts import context_of
from core.plugin_host.purge import purge
from core.plugin_host.service import set_switch
from samverk import Context
from tests.payouts import stage as scene
from tests.plugin_host.foreign import module
from tests.plugin_host.test_data import command, doing, here, kept, site, tips, work, world  # noqa: F401 - fixtures
from tests.plugin_host.test_settings import everything, fill, filled, parcel, run, told  # noqa: F401 - fixtures
from tests.world import World, sign_in

OLD, NEW, NEWER = "tok/live+Åäö 9c2e", "renewed/token+1", "renewed/token+2"


def holds(instance: Instance, brand: Any = None) -> str | None:
    """The token as the next call is told it."""
    return told(instance, brand).secrets.get("token")


def renewals(instance: Instance) -> list[tuple[int | None, str | None, Any]]:
    with instance.database.session() as session:
        deeds = session.scalars(select(AuditEntry).where(AuditEntry.action == "plugin.renewed").order_by(AuditEntry.id))
        return [(deed.brand_id, deed.actor_name, deed.detail) for deed in deeds]


def test_it_is_kept_where_it_stood_and_the_call_goes_on_with_it(instance: Instance, committed: World) -> None:
    brand, other = committed.brand, committed.other_brand
    fill(instance, committed, None, token="for all of us")
    fill(instance, committed, brand, address="x", token=OLD)
    mine, theirs = told(instance, brand), told(instance, other)
    assert mine.keep_secret("token", NEW) == mine.secrets["token"] == holds(instance, brand) == NEW
    assert holds(instance) == "for all of us"
    assert theirs.keep_secret("token", "anew for all") == holds(instance) == holds(instance, other) == "anew for all"
    assert mine.keep_secret("token", NEWER) == holds(instance, brand) == NEWER, "again in the same call"
    detail = {"plugin": "parcel", "setting": "token"}
    assert renewals(instance) == [(where, "Samverk", detail) for where in (brand.id, None, brand.id)]
    assert NEW not in everything(instance) and "anew for all" not in everything(instance)


def test_a_first_one_is_the_calls_own(instance: Instance, committed: World) -> None:
    assert told(instance, committed.brand).keep_secret("token", NEW) == NEW
    assert (holds(instance, committed.brand), holds(instance)) == (NEW, None)
    assert told(instance).keep_secret("token", "for all of us") == holds(instance) == "for all of us"


def test_the_same_again_is_no_deed(instance: Instance, filled: World) -> None:
    assert told(instance, filled.brand).keep_secret("token", OLD) == OLD
    assert renewals(instance) == []


def test_a_newer_one_is_not_written_over(instance: Instance, filled: World) -> None:
    late, later, last = (told(instance, filled.brand) for _ in range(3))
    told(instance, filled.brand).keep_secret("token", NEW)
    assert late.keep_secret("token", "too late") == late.secrets["token"] == holds(instance, filled.brand) == NEW
    assert late.keep_secret("token", NEWER) == NEWER, "and from there on it renews what it was told"
    fill(instance, filled, filled.brand, address="x", token="typed by hand")
    assert later.keep_secret("token", "too late") == holds(instance, filled.brand) == "typed by hand"
    fill(instance, filled, None, token="for all of us")
    fill(instance, filled, filled.brand, ("token",), address="x")
    assert last.keep_secret("token", "too late") == holds(instance, filled.brand) == "for all of us"
    assert [detail for *_, detail in renewals(instance)] == [{"plugin": "parcel", "setting": "token"}] * 2


def test_one_that_was_removed_stays_removed(instance: Instance, filled: World) -> None:
    removed, purged = told(instance, filled.brand), told(instance, filled.brand)
    fill(instance, filled, filled.brand, ("token",))
    with instance.database.write() as session:
        set_switch(session, filled.owner, plugin="parcel", enabled=False, brand_id=None)
        purge(session, filled.owner, instance.plugins, "parcel")
    for ctx in (removed, purged):
        assert ctx.keep_secret("token", NEW) is None and not ctx.secrets
    assert holds(instance, filled.brand) is None
    with instance.database.engine.connect() as connection:
        assert connection.execute(text("select count(*) from plugin_setting")).scalar() == 0


@pytest.mark.parametrize("before", [None, OLD])
def test_of_two_workers_one_keeps_and_the_other_takes_it_over(
    instance: Instance, committed: World, before: str | None
) -> None:
    if before:
        fill(instance, committed, committed.brand, address="x", token=before)
    for turn in range(5):
        pair, start = [told(instance, committed.brand) for _ in range(2)], Barrier(2)

        def keep(number: int, pair: Any = pair, start: Barrier = start, turn: int = turn) -> str | None:
            start.wait(10)
            found: str | None = pair[number].keep_secret("token", f"token {turn} of {number}")
            return found

        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(keep, range(2))
        assert first == second == holds(instance, committed.brand)
        assert first in {f"token {turn} of {number}" for number in range(2)}
        assert [ctx.secrets["token"] for ctx in pair] == [first, second]
    assert len(renewals(instance)) == 5


def test_a_job_that_fails_afterwards_has_kept_it(
    instance: Instance, filled: World, caplog: pytest.LogCaptureFixture
) -> None:
    wiring.connect(instance)
    calls: list[str] = []
    new = token_hex(8)  # of this test alone: what was read once is in no log any more

    def renew(what: str, ctx: Context) -> None:
        calls.append(ctx.secrets.get("token", ""))
        if ctx.brand == filled.brand.public_id:
            ctx.keep_secret("token", new)
            raise RuntimeError(f"fell over with {ctx.secrets}, {new}")

    module("parcel").act = renew
    with instance.database.write() as session:
        schedule.enqueue_due(session, instance.plugins)
    outbox.drain(instance.database)
    logged = caplog.text
    assert OLD in calls and holds(instance, filled.brand) == new
    assert "fell over with Secrets(token), •••" in logged and new not in logged and new not in everything(instance)


def test_a_command_keeps_one(instance: Instance, filled: World) -> None:
    module("parcel").act = lambda what, ctx: ctx.keep_secret("token", NEW)
    assert run(instance, "x", "parcel", "--brand", "Havsro", "send").exit_code == 0
    assert holds(instance, filled.brand) == NEW


def test_a_rail_keeps_one(instance: Instance, filled: World) -> None:
    wiring.connect(instance)
    module("parcel").act = lambda what, ctx: ctx.keep_secret("token", NEW)
    with clock.frozen(scene.day(0)):
        with instance.database.write() as session:
            stage = scene.build(session, filled)
            stage.approve()
            stage.account(instance.keyring)
            batch = stage.run(limits=Limits("parcel_post"))
            payouts.approve_run(session, filled.actors["finance"], batch)
        outbox.drain(instance.database)
    assert holds(instance, filled.brand) == NEW


def test_rows_come_after_the_secret_and_go_without_it(here: Instance, world: World) -> None:
    """Else on SQLite the rows would keep the secret waiting, and the secret the rows."""
    wiring.connect(here)
    refused: list[str] = []

    def renew(ctx: Context) -> None:
        if ctx.brand == world.brand.public_id:
            ctx.keep_secret("key", NEW)
            ctx.data.flush()
            with pytest.raises(LookupError) as said:
                ctx.keep_secret("key", NEWER)
            refused.append(str(said.value))
            raise RuntimeError("out of order")

    doing("nightly", renew)
    wiring.tick(here)
    work(here)
    assert refused == ["keep a secret as soon as you have it, before you write rows"]
    assert kept(here) == ["nightly"], "the other brand's: what failed is undone"
    with here.database.session() as session:
        assert context_of(session, here.plugins, here.keyring, "tips", world.brand).secrets == {"key": NEW}


def test_keys_that_were_turned_meanwhile_do_not_cost_it(instance: Instance, filled: World) -> None:
    ctx = told(instance, filled.brand)
    rotation.rotate(instance.database, instance.key_file, stopped=True)
    assert list(instance.keyring.keys) == ["k2"]
    assert ctx.keep_secret("token", NEW) == holds(instance, filled.brand) == NEW


def refusals(instance: Instance, world: World) -> dict[str, tuple[Callable[[], object], str]]:
    ctx = told(instance, world.brand)
    asked: list[Context] = []
    module("parcel").act = lambda what, ctx: asked.append(ctx)
    fill(instance, world, world.brand, address="x")
    return {
        "unknown": (lambda: ctx.keep_secret("tokens", NEW), "tokens is not a secret that the plugin parcel declares"),
        "no secret": (lambda: ctx.keep_secret("address", NEW), "address is not a secret that the plugin parcel"),
        "empty": (lambda: ctx.keep_secret("token", " "), "a secret is a text with something in it"),
        "none": (lambda: ctx.keep_secret("token", None), "a secret is a text with something in it"),  # type: ignore[arg-type]
        "check_settings": (lambda: asked[0].keep_secret("token", NEW), "the call is a pure one"),
    }


def test_nothing_else_is_kept_and_nobody_else_keeps(instance: Instance, filled: World) -> None:
    for act, words in refusals(instance, filled).values():
        with pytest.raises((LookupError, ValueError), match=words):
            act()
    assert holds(instance, filled.brand) == OLD and renewals(instance) == []


def test_a_page_cannot(client: FlaskClient, instance: Instance, filled: World) -> None:
    module("parcel").HEARD.clear()
    sign_in(client, "manager").get("/admin/x/parcel/")
    ((what, request),) = module("parcel").HEARD
    assert what == "page" and not hasattr(request, "keep_secret")


def test_the_record_tells_of_it(client: FlaskClient, instance: Instance, filled: World) -> None:
    told(instance, filled.brand).keep_secret("token", NEW)
    page = sign_in(client, "owner").get("/admin/audit").text
    assert "The other side gave the plugin parcel a new secret: token" in page and NEW not in page
