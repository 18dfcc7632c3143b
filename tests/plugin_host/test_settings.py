"""A plugin's settings through every door: filled in by scope, told to the plugin, and secrets kept to themselves."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from core import clock, outbox, rotation, schedule, wiring
from core.audit import AuditEntry
from core.cli.main import samverk
from core.database import Base
from core.errors import Denied, Missing
from core.instance import Instance
from core.outbox import OutboxJob
from core.payouts import service as payouts
from core.payouts.limits import Limits
from core.payouts.models import Payout
from core.payouts.submit import account_of
from core.plugin_host.models import PluginSetting
from core.plugin_host.saving import save_settings
from core.plugin_host.service import set_switch
from tests.databases import statements
from tests.payouts import stage as scene
from tests.plugin_host.foreign import module
from tests.plugin_host.parcels import BLANK, HERE, PAGE, TOKEN, WHOLE, fill, parcel, told  # noqa: F401 - a fixture
from tests.world import World, sign_in


def everything(instance: Instance) -> str:
    """Every cell of every table, as the database itself says it."""
    with instance.database.engine.connect() as connection:
        tables = [text(f"SELECT * FROM {table.name}") for table in Base.metadata.sorted_tables]
        return "\n".join(str(tuple(row)) for query in tables for row in connection.execute(query))


def run(instance: Instance, *args: str) -> Result:
    env = {
        "SAMVERK_INSTANCE": str(instance.settings.instance),
        "SAMVERK_DATABASE_URL": instance.settings.database_url,
        "SAMVERK_TESTING": "1",
    }
    return CliRunner().invoke(samverk, args, env=env)


def test_a_brand_stands_over_the_installation_over_the_default(instance: Instance, committed: World) -> None:
    brand, other = committed.brand, committed.other_brand
    assert told(instance, brand).settings == {
        "address": None, "limit": 30, "share": "12.5", "budget": None, "mode": "slow", "live": True, "since": None,
        "wait": 3, "sender": None,
    }  # fmt: skip
    assert told(instance, brand).secrets == {}
    assert not fill(instance, committed, None, address="https://a.example", limit="50", token="for all")
    own = {"limit": "7", "share": "1,25 %", "budget": "1 000,50", "mode": "fast", "live": "0", "since": "1.2.2026"}
    assert not fill(instance, committed, brand, token=TOKEN, sender="Havsro", **own)
    assert told(instance, brand).settings == {
        "address": "https://a.example", "limit": 7, "share": "1.25", "budget": 100_050, "mode": "fast", "live": False,
        "since": "2026-02-01", "wait": 3, "sender": "Havsro",
    }  # fmt: skip
    assert told(instance, brand).secrets == {"token": TOKEN} and told(instance, brand).brand == brand.public_id
    assert told(instance, other).settings["limit"] == told(instance).settings["limit"] == 50
    assert told(instance, other).secrets == told(instance).secrets == {"token": "for all"}
    assert told(instance, other).settings["budget"] is None and told(instance).settings["budget"] is None
    assert not fill(instance, committed, brand, ("token",), mode="fast")
    assert told(instance, brand).settings["limit"] == 50 and told(instance, brand).secrets == {"token": "for all"}


def test_all_of_it_is_one_statement(instance: Instance, committed: World) -> None:
    fill(instance, committed, committed.brand, address="x", limit="7", token=TOKEN)
    with statements(instance.database.engine) as seen:
        told(instance, committed.brand)
    assert len([statement for statement in seen if statement.startswith("SELECT")]) == 1


def test_rubbish_is_told_at_its_field_and_nothing_is_kept(instance: Instance, committed: World) -> None:
    rubbish = {"address": "", "limit": "101", "budget": "1,001", "mode": "warp", "since": "soon", "wait": "1,5"}
    assert fill(instance, committed, committed.brand, token="new one", **rubbish) == {
        "address": "This is needed.",
        "limit": "At most 100.",
        "budget": "EUR has at most 2 decimals.",
        "mode": "Choose one of the list.",
        "since": "soon is not a date. Write it like 31.12.2026 or 2026-12-31.",
        "wait": "Enter a whole number.",
    }
    assert "plugin_setting" not in everything(instance) and told(instance, committed.brand).secrets == {}
    errors = fill(instance, committed, committed.brand, ("token",), address="x", token="new one")
    assert errors == {"token": "Either type a new one or remove the old one."}
    assert fill(instance, committed, committed.brand, address="x") == {"token": "This is needed."}
    assert not fill(instance, committed, None, limit="40"), "each brand can fill in what is needed"


def test_the_plugin_checks_too_and_cannot_quote_a_secret(instance: Instance, committed: World) -> None:
    assert fill(instance, committed, None, mode="fast") == {"token": "Fast needs a token."}
    errors = fill(instance, committed, committed.brand, address="x", token="old-secret-key")
    assert errors == {"token": "••• is an old one."}
    module("parcel").FAILING.add("check")
    (failed,) = fill(instance, committed, committed.brand, address="x", token=TOKEN).values()
    assert failed.startswith("The plugin Parcels failed: RuntimeError: xxx") and "tok/" not in failed
    assert told(instance, committed.brand).settings["address"] is None


def test_each_form_has_its_right(instance: Instance, committed: World) -> None:
    with instance.database.write() as session:
        for who, brand in (("outsider", committed.brand), ("manager", committed.brand), ("outsider", None)):
            with pytest.raises(Denied):
                save_settings(
                    session, committed.actors[who], instance.plugins, instance.keyring,
                    plugin="parcel", brand=brand, raw={"address": "x"},
                )  # fmt: skip
        with pytest.raises(Missing):
            save_settings(
                session, committed.owner, instance.plugins, instance.keyring,
                plugin="never", brand=committed.brand, raw={},
            )  # fmt: skip


def test_a_secret_is_sealed_in_its_row(instance: Instance, committed: World) -> None:
    fill(instance, committed, None, token="shared with all of us")
    fill(instance, committed, committed.brand, address="x", token=TOKEN)
    cells = everything(instance)
    assert "v1:k1:" in cells and "tok/live" not in cells and "shared with" not in cells
    with instance.database.write() as session:
        tokens = select(PluginSetting).where(PluginSetting.key == "token")
        own, wide = session.scalars(tokens.order_by(PluginSetting.id.desc()))
        own.value_cipher, wide.value_cipher = wide.value_cipher, own.value_cipher
    assert told(instance, committed.brand).secrets == {}, "moved to another row it does not open"


def test_every_change_is_recorded_without_secrets(instance: Instance, committed: World) -> None:
    fill(instance, committed, committed.brand, address="x", limit="7", token=TOKEN)
    fill(instance, committed, committed.brand, address="x", limit="8")
    fill(instance, committed, committed.brand, address="x", token="another token", limit="8")
    fill(instance, committed, None, token="for all of us")
    fill(instance, committed, committed.brand, ("token",), address="x")
    with instance.database.session() as session:
        deeds = session.scalars(select(AuditEntry).where(AuditEntry.action == "plugin.set").order_by(AuditEntry.id))
        found = [(deed.brand_id, deed.actor_name, deed.detail) for deed in deeds]
    brand, olga = committed.brand.id, "Olga Owner"
    assert found == [
        (brand, olga, {"plugin": "parcel", "setting": "address", "to": "x"}),
        (brand, olga, {"plugin": "parcel", "setting": "limit", "to": 7}),
        (brand, olga, {"plugin": "parcel", "setting": "token", "secret": "set"}),
        (brand, olga, {"plugin": "parcel", "setting": "limit", "from": 7, "to": 8}),
        (brand, olga, {"plugin": "parcel", "setting": "token", "secret": "set"}),
        (None, olga, {"plugin": "parcel", "setting": "token", "secret": "set"}),
        (brand, olga, {"plugin": "parcel", "setting": "limit", "from": 8}),
        (brand, olga, {"plugin": "parcel", "setting": "token", "secret": "removed"}),
    ]


@pytest.fixture
def filled(instance: Instance, committed: World) -> World:
    """The brand's form is filled in."""
    assert not fill(instance, committed, committed.brand, address="https://a.example", token=TOKEN)
    module("parcel").HEARD.clear()
    return committed


def heard() -> Any:
    return module("parcel").HEARD[-1][1]


def test_every_call_is_told_the_settings(app: Flask, client: FlaskClient, instance: Instance, filled: World) -> None:
    sign_in(client, "manager")
    page = client.get("/admin/x/parcel/")
    assert "https://a.example" in page.text and TOKEN not in page.text
    assert heard().settings["address"] == "https://a.example" and not hasattr(heard(), "secrets")
    assert run(instance, "x", "parcel", "--brand", "Havsro", "send").exit_code == 0
    assert heard().secrets == {"token": TOKEN}
    with instance.database.write() as session:
        schedule.enqueue_due(session, instance.plugins)
    outbox.drain(instance.database)
    told = {ctx.brand: dict(ctx.secrets) for what, ctx in module("parcel").HEARD if what == "nightly"}
    assert told == {filled.brand.public_id: {"token": TOKEN}, filled.other_brand.public_id: {}}


def test_a_rail_is_told_and_a_rotation_reaches_every_secret(instance: Instance, filled: World) -> None:
    wiring.connect(instance)
    with clock.frozen(scene.day(0)):
        with instance.database.write() as session:
            stage = scene.build(session, filled)
            stage.approve()
            stage.account(instance.keyring)
            run_of = stage.run(limits=Limits("parcel_post"))
            payouts.approve_run(session, filled.actors["finance"], run_of)
        outbox.drain(instance.database)
    what, ctx = module("parcel").HEARD[-1]
    assert (what, ctx.brand, dict(ctx.secrets)) == ("submit", filled.brand.public_id, {"token": TOKEN})
    assert run(instance, "keys", "rotate", "--stopped").exit_code == 0
    with instance.database.session() as session:
        used = rotation.uses(session, instance.keyring)
        (payout,) = session.scalars(select(Payout))
        assert account_of(instance.keyring, payout) == "FI2112345600000785"
    assert used["k2"]["payout.payee_cipher"] == used["k2"]["plugin_setting.value_cipher"] == 1 and not used[""]
    assert list(instance.keyring.keys) == ["k2"] and told(instance, filled.brand).secrets == {"token": TOKEN}


def test_nobody_is_shown_a_secret(
    app: Flask, client: FlaskClient, instance: Instance, filled: World, caplog: pytest.LogCaptureFixture
) -> None:
    context = told(instance, filled.brand)
    assert "tok/" not in repr(context) and repr(context.secrets) == "Secrets(token)"
    module("parcel").FAILING.update({"send", "nightly"})
    answer = run(instance, "x", "parcel", "--brand", "Havsro", "send")
    assert answer.exit_code == 1 and "RuntimeError" in answer.output and "tok" not in answer.output
    with instance.database.write() as session:
        schedule.enqueue_due(session, instance.plugins)
    outbox.drain(instance.database)
    with instance.database.session() as session:
        jobs = session.scalars(select(OutboxJob).where(OutboxJob.kind == schedule.RUN))
        errors = [job.last_error or "" for job in jobs]
    assert any("RuntimeError" in error for error in errors) and not any("tok" in error for error in errors)
    logged = caplog.text
    assert "refused: token=•••, all of it" in logged and "Bearer •••" in logged and "ValueError: 401 for •••" in logged
    assert "tok/live" not in logged and "tok%2Flive" not in logged
    sign_in(client, "owner")
    pages = "".join(client.get(url).text for url in (PAGE, WHOLE, "/admin/audit", "/admin/plugins", "/admin/"))
    assert "tok/live" not in pages


def test_a_secret_that_breaks_core_itself_is_in_no_log(
    client: FlaskClient, filled: World, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in(client, "owner")
    module("parcel").plugin.__class__.check_settings = property(lambda self: 1 / 0)
    typed = BLANK | {"own-address": "x", "own-token": "typed a moment ago", "brand": filled.brand.public_id}
    answer = client.post(PAGE, data=typed)
    assert "typed a moment ago" not in answer.text and "typed a moment ago" not in caplog.text
    assert "division by zero" in answer.text


def form(page: str) -> dict[str, str]:
    """What the fields of a page hold, by name."""
    main = page.partition("<main")[2]
    found = {}
    for tag in re.findall(r"<input[^>]*>", main):
        parts = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        found[parts.get("name", "")] = parts.get("value", "")
    return found


def test_the_page_is_write_only(client: FlaskClient, instance: Instance, committed: World) -> None:
    sign_in(client, "owner")
    page = client.get(PAGE).text
    assert "It cannot do its work before this is filled in: Address of the service, Token" in page
    assert "In force: 30" in page and "In force: 12.5%" in page and "In force: 3 days" in page and "Default" in page
    typed = BLANK | {"brand": committed.brand.public_id, "own-address": "https://a.example", "own-token": TOKEN}
    assert client.post(PAGE, data=typed | {"own-limit": "7"}).status_code == 303
    page = client.get(PAGE).text
    assert "Saved." in page and "cannot do its work" not in page
    assert re.search(r"Set on \d+ \w+ \d+, [\d:]+\. It is never shown; an empty field keeps it\.", page)
    assert re.search(r"Set on \d+ \w+ \d+, [\d:]+\. An empty field goes back to: 30", page)
    assert form(page)["own-token"] == "" and form(page)["own-limit"] == "7" and TOKEN not in page
    assert client.post(PAGE, data=typed | {"own-token": "", "own-limit": ""}).status_code == 303
    assert told(instance, committed.brand).secrets == {"token": TOKEN}
    assert told(instance, committed.brand).settings["limit"] == 30
    wrong = client.post(PAGE, data=typed | {"own-limit": "1000"})
    assert wrong.status_code == 200 and "At most 100." in wrong.text and TOKEN not in wrong.text
    assert form(wrong.text)["own-limit"] == "1000", "what was typed is still there"
    wrong = client.post(PAGE, data=typed | {"own-token": "", "forget-token": "y"})
    assert "This is needed." in wrong.text and told(instance, committed.brand).secrets == {"token": TOKEN}
    assert client.post(WHOLE, data=BLANK | {"own-token": "for all of us", "own-mode": "fast"}).status_code == 303
    assert client.post(PAGE, data=typed | {"own-token": "", "forget-token": "y"}).status_code == 303
    assert told(instance, committed.brand).secrets == {"token": "for all of us"}
    page = client.get(PAGE).text
    assert "It is used until another is typed in here." in page and "Remove it" not in page
    assert "As it is: Fast" in page and "As it is: Yes" in page


def test_a_page_is_of_the_brand_that_it_was_made_for(
    app: Flask, client: FlaskClient, instance: Instance, committed: World
) -> None:
    sign_in(client, "owner")
    other = committed.other_brand.public_id
    assert client.get(f"{PAGE}?brand={other}").status_code == 404
    assert client.get(f"{PAGE}?brand={committed.brand.public_id}").status_code == 200
    typed = {"own-address": "x", "own-token": TOKEN, "brand": other}
    assert client.post(PAGE, data=typed).status_code == 404
    assert client.post(f"{PAGE}/switch", data={"brand": other, "enabled": "0"}).status_code == 404
    assert client.get("/admin/plugins/never").status_code == 404
    assert told(instance, committed.other_brand).secrets == {}
    for name, brand, whole in (("outsider", 200, 403), ("manager", 403, 403), ("owner", 200, 200)):
        browser = sign_in(app.test_client(), name)
        assert (browser.get(PAGE).status_code, browser.get(WHOLE).status_code) == (brand, whole)


def test_the_page_says_what_a_plugin_is(client: FlaskClient, committed: World) -> None:
    sign_in(client, "owner")
    page = client.get(PAGE).text
    for words in ("Sends parcels.", "Ada", "1.0", "Payout rails", "Parcel post", "Jobs by the clock", "Nightly"):
        assert words in page
    assert "Ships with Samverk" in client.get("/admin/plugins/fi").text
    assert "It has nothing to set." in client.get("/admin/plugins/fi").text


def test_switches_of_both_scopes_are_on_the_page(client: FlaskClient, instance: Instance, committed: World) -> None:
    sign_in(client, "owner")
    for address in (f"{PAGE}/switch", f"{WHOLE}/switch"):
        assert client.post(address, data={"enabled": "0"}).status_code == 303
        assert "Switch on" in client.get(address.removesuffix("/switch")).text
    assert "It is switched off for the whole installation." in client.get(PAGE).text
    for address in (f"{PAGE}/switch", f"{WHOLE}/switch"):
        client.post(address, data={"enabled": "1"})
    assert "Switch off" in client.get(PAGE).text and "whole installation." not in client.get(PAGE).text


def test_off_or_vanished_it_keeps_its_settings(client: FlaskClient, instance: Instance, filled: World) -> None:
    with instance.database.write() as session:
        set_switch(session, filled.owner, plugin="parcel", enabled=False, brand_id=filled.brand.id)
    assert told(instance, filled.brand).secrets == {"token": TOKEN}
    without = Instance(replace(instance.settings, safe_mode=True))
    assert "parcel" not in without.plugins.active
    with pytest.raises(Missing):
        fill(without, filled, filled.brand, address="y")
    without.database.engine.dispose()
    assert told(instance, filled.brand).settings["address"] == "https://a.example"
