"""A rail that asks a person to do something: what, where, with which file, and what it knows once that is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core import clock, outbox
from core.audit import AuditEntry
from core.errors import Denied, Refused
from core.files import StoredFile, sweep
from core.instance import Instance
from core.ledger.verify import verify
from core.lifecycle import history
from core.payouts import service, todo
from core.payouts.models import PayoutRun
from core.payouts.told import MOST_WORDS
from core.plugin_api.payout_rails import Accepted, NeedsAction
from core.plugin_api.payout_rails import Refused as RailRefused
from core.plugin_api.text import T
from tests.payouts import stage as scene
from tests.payouts.rails import Bank
from tests.payouts.test_handing_over import payout
from tests.world import sign_in

LINK = "https://bank.example/sign/4711?lang=en"
FILE = b'<?xml version="1.0"?><Document>FI2112345600000785</Document>'


def asking(
    url: Any = LINK, file: bytes | None = FILE, name: str = "../../pay ment.xml"
) -> Callable[[str], NeedsAction]:
    return lambda reference: NeedsAction(T("Sign the file in %(bank)s.", bank="Testpankki"), url, name, file)


@pytest.fixture
def asked(instance: Instance, approved: scene.Stage, bank: Bank) -> scene.Stage:
    """A run whose rail wants a person to do something first."""
    bank.answer = asking()
    outbox.drain(instance.database)
    assert payout(instance).state == "requires_action"
    return approved


def press(instance: Instance, asked: scene.Stage) -> None:
    """Finance says that it is done, and the worker looks."""
    with instance.database.write() as session:
        run = session.scalars(select(PayoutRun)).one()
        todo.done(session, asked.world.actors["finance"], run, service.payouts_of(session, run))
    assert payout(instance).state == "processing"
    outbox.drain(instance.database)


def test_what_is_asked_is_kept_encrypted_and_shown(instance: Instance, asked: scene.Stage) -> None:
    row = payout(instance)
    assert "Testpankki" not in row.todo_cipher and "bank.example" not in row.todo_cipher
    (one,) = todo.todos_of(instance.keyring, [row])
    assert (str(one.instruction), one.url, one.host) == ("Sign the file in Testpankki.", LINK, "bank.example")
    with instance.database.write() as session:
        kept = todo.file_of(session, row)
        assert kept and kept.brand_id is None and kept.owner_id is None
        assert instance.files.path(kept.sha256).read_bytes() == FILE
        with clock.frozen(lambda: scene.day(30)):
            sweep(session, instance.files)
        assert session.scalar(select(StoredFile.id)) == kept.id, "the payout points to it"


@pytest.mark.parametrize(
    "url",
    [
        None, "", "http://bank.example/x", "javascript:alert(1)", "https:///x", "https://", "ftp://bank.example",
        "https://bank.example@evil.example/", "https://user:pw@bank.example/", "https://bank.example:x/",
        "//bank.example", "https://bank.example/\n", "https://bank.example\\@evil.example", " https://bank.example", 7,
        "https://bank.example/" + "x" * 1000, "https://[::1", "data:text/html,x",
    ],
)  # fmt: skip
def test_only_an_https_link_is_shown(url: Any) -> None:
    assert todo.https_link(url) == ""


def test_done_is_looked_up_and_nothing_is_sent_again(instance: Instance, asked: scene.Stage, bank: Bank) -> None:
    row = payout(instance)
    bank.knows = {row.public_id: Accepted("bank-1")}
    press(instance, asked)
    assert bank.calls == [f"run-{next(iter(bank.batches.values())).id}", "lookup"]
    assert (payout(instance).state, payout(instance).bank_reference) == ("sent", "bank-1")
    with instance.database.session() as session:
        moves = [move.to_state for move in history(session, row)]
        assert moves == ["awaiting_approval", "processing", "requires_action", "processing", "sent"]
        assert verify(session).ok
        assert "payout_run.look" in set(session.scalars(select(AuditEntry.action)))


@pytest.mark.parametrize("knows", [None, {}, {"other": Accepted("bank-1")}])
def test_what_the_rail_does_not_know_yet_waits_as_before(
    instance: Instance, asked: scene.Stage, bank: Bank, knows: Any
) -> None:
    bank.knows = knows
    press(instance, asked)
    row = payout(instance)
    assert row.state == "requires_action" and todo.todos_of(instance.keyring, [row])[0].url == LINK
    assert str(row.reason) == ("It cannot be asked." if knows is None else "The rail does not know of it yet.")
    assert "wire" not in instance.plugins.fence.health.paused
    bank.knows = {row.public_id: Accepted("bank-2")}
    press(instance, asked)
    assert payout(instance).state == "sent" and bank.calls[1:] == ["lookup", "lookup"]


def test_it_may_ask_for_something_else_or_refuse(instance: Instance, asked: scene.Stage, bank: Bank) -> None:
    row = payout(instance)
    bank.knows = {row.public_id: asking("http://plain.example", None)(row.public_id)}
    press(instance, asked)
    (one,) = todo.todos_of(instance.keyring, [payout(instance)])
    assert (one.url, one.file_id) == ("", None)
    bank.knows = {row.public_id: RailRefused(T("Nobody signed."))}
    press(instance, asked)
    assert (payout(instance).state, str(payout(instance).reason)) == ("failed", "Nobody signed.")
    with instance.database.session() as session:
        assert verify(session).ok


def test_while_it_is_looked_up_only_the_rail_decides(instance: Instance, asked: scene.Stage, bank: Bank) -> None:
    finance, manager = asked.world.actors["finance"], asked.world.actors["manager"]
    with instance.database.write() as session:
        run = session.scalars(select(PayoutRun)).one()
        rows = service.payouts_of(session, run)
        with pytest.raises(Denied):
            todo.done(session, manager, run, rows)
        todo.done(session, finance, run, rows)
        with pytest.raises(Refused):
            todo.done(session, finance, run, rows)
        with pytest.raises(Refused, match="being handed over"):
            service.mark_failed(session, finance, rows[0], reason="Never mind", base_url=scene.BASE)
    bank.knows = {payout(instance).public_id: Accepted("bank-1")}
    outbox.drain(instance.database)
    assert payout(instance).state == "sent"


def test_rubbish_of_a_rail_is_no_reason_to_break(instance: Instance, approved: scene.Stage, bank: Bank) -> None:
    odd: Any = {"instruction": object(), "url": 5, "file": "no bytes", "file_name": 3}
    bank.answer = lambda reference: NeedsAction(**odd)
    outbox.drain(instance.database)
    (one,) = todo.todos_of(instance.keyring, [payout(instance)])
    assert "object" in str(one.instruction) and (one.url, one.file_id) == ("", None)
    odd["instruction"] = T("%(what)s " + "x" * 5_000, what={1, 2})
    bank.knows = {payout(instance).public_id: NeedsAction(**odd)}
    press(instance, approved)
    (one,) = todo.todos_of(instance.keyring, [payout(instance)])
    assert len(str(one.instruction)) <= MOST_WORDS


def test_the_pages(instance: Instance, asked: scene.Stage, bank: Bank, app: Any, client: FlaskClient) -> None:
    row = payout(instance)
    with instance.database.session() as session:
        run = session.scalars(select(PayoutRun)).one()
    sign_in(client, "finance")
    for page in (f"/admin/payouts/runs/{run.public_id}", f"/admin/payouts/{row.public_id}"):
        told = client.get(page).text
        assert "Sign the file in Testpankki." in told and f'href="{LINK}"' in told and 'rel="noopener' in told
        assert "Go to bank.example" in told and f"/admin/payouts/{row.public_id}/file" in told and "It is done" in told
    file = client.get(f"/admin/payouts/{row.public_id}/file", buffered=True)
    assert file.data == FILE and file.mimetype == "application/octet-stream"
    assert file.headers["Content-Disposition"] == "attachment; filename=pay_ment.xml"
    assert file.headers["Cache-Control"] == "no-store" and "sandbox" in file.headers["Content-Security-Policy"]
    manager = sign_in(app.test_client(), "manager")
    told = manager.get(f"/admin/payouts/runs/{run.public_id}").text
    assert "Testpankki" not in told and LINK not in told
    assert manager.get(f"/admin/payouts/{row.public_id}/file").status_code == 403
    look = f"/admin/payouts/runs/{run.public_id}/look"
    assert manager.post(look, data={"payment": row.public_id}).status_code == 403
    outsider = sign_in(app.test_client(), "outsider")
    assert outsider.get(f"/admin/payouts/{row.public_id}/file").status_code == 404
    assert outsider.post(look, data={"payment": row.public_id}).status_code == 404
    assert client.post(look, data={"payment": row.public_id}).status_code == 303
    outbox.drain(instance.database)
    for page in (f"/admin/payouts/runs/{run.public_id}", f"/admin/payouts/{row.public_id}"):
        assert client.get(page).text.count("Its last answer: It cannot be asked.") == 1
    nothing = client.post(look, data={"payment": "unknown"}, follow_redirects=True)
    assert "Nothing of this waits for you any more." in nothing.text and payout(instance).state == "requires_action"
    assert client.post(look, data={"payment": row.public_id}).status_code == 303
    bank.knows = {row.public_id: Accepted("bank-1")}
    outbox.drain(instance.database)
    assert payout(instance).state == "sent"
    file = client.get(f"/admin/payouts/{row.public_id}/file", buffered=True)
    assert file.data == FILE, "the books need it when the money is long gone"


def test_orders_that_share_a_file_are_one_thing_to_do(instance: Instance, bank: Bank, now: list[Any]) -> None:
    bank.answer = asking()
    with instance.database.write() as session:
        run = scene.run_of_two(session, instance.keyring)
    outbox.drain(instance.database)
    with instance.database.session() as session:
        rows = service.payouts_of(session, run)
        assert len({row.todo_file_id for row in rows}) == 1
        (one,) = todo.todos_of(instance.keyring, rows)
        assert len(one.payouts) == 2
