"""A rail's answer that cannot be kept costs its own order: the others of the batch are taken down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from core import outbox
from core.instance import Instance
from core.ledger.verify import verify
from core.payouts import todo
from core.payouts.models import Payout
from core.payouts.told import told
from core.plugin_api.payout_rails import Accepted, NeedsAction
from core.plugin_api.payout_rails import Refused as RailRefused
from core.plugin_api.text import T, Text
from tests.payouts import stage as scene
from tests.payouts.rails import Bank

UNREAD = "The way of payment answered something that cannot be understood."


LIST: Any = ["why"]


class Mute:
    """What cannot even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.fixture
def batch(instance: Instance, now: Any, bank: Bank) -> None:
    """A run of two payments, approved; the worker has not looked yet."""
    with instance.database.write() as session:
        scene.run_of_two(session, instance.keyring)


def settle(instance: Instance, bank: Bank, first: Any) -> Mapping[str, Payout]:
    """Let the rail answer `first` for Aino and take Beda's order; the payments by name."""
    with instance.database.session() as session:
        aino = session.scalars(select(Payout.public_id).where(Payout.payee_name == "Aino Laine")).one()
    bank.answer = lambda reference: first if reference == aino else Accepted("B-1")
    outbox.drain(instance.database)
    with instance.database.session() as session:
        assert verify(session).ok
        return {row.payee_name: row for row in session.scalars(select(Payout))}


@pytest.mark.parametrize("rail_id", [17, None, "a\x00b", "\ud800"])
def test_an_id_that_is_no_text_leaves_its_order_in_doubt(
    instance: Instance, batch: None, bank: Bank, rail_id: Any
) -> None:
    rows = settle(instance, bank, Accepted(rail_id))
    assert rows["Beda Berg"].state == "sent"
    assert rows["Aino Laine"].state == "processing" and str(rows["Aino Laine"].reason) == UNREAD


@pytest.mark.parametrize(
    ("reason", "read"),
    [
        (T("No: %(why)s", why={"one"}), "No: {'one'}"),
        (T("No: %(why)s", why=float("nan")), "No: nan"),
        (T("No\x00 \ud800way"), "No way"),
        ("No", "No"),
        (Text("No", LIST), "No"),
        (T("No: %(why)s", why=Mute()), "No: %(why)s"),
        (Mute(), ""),
    ],
)
def test_a_refusal_holds_whatever_its_words_are(
    instance: Instance, batch: None, bank: Bank, reason: Any, read: str
) -> None:
    rows = settle(instance, bank, RailRefused(reason))
    assert (rows["Aino Laine"].state, rows["Beda Berg"].state) == ("failed", "sent")
    assert str(rows["Aino Laine"].reason) == read


def test_what_is_to_be_done_can_be_read(instance: Instance, batch: None, bank: Bank) -> None:
    odd: Any = 5
    row = settle(instance, bank, NeedsAction(T("Sign %(it)s\ud800", it={"$money": [1, "?"]}), file_name=odd))[
        "Aino Laine"
    ]
    (wanted,) = todo.todos_of(instance.keyring, [row])
    assert str(wanted.instruction) == "Sign {'$money': [1, '?']}"


def test_an_answer_that_fails_while_it_is_read_is_a_failure_of_the_plugin(
    instance: Instance, batch: None, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lazy(dict[str, Any]):
        def items(self) -> Any:
            raise LookupError("gone")

    monkeypatch.setattr(bank, "take", lambda batch, key: Lazy())
    rows = settle(instance, bank, None)
    assert {row.state for row in rows.values()} == {"processing"}
    assert "LookupError: gone" in str(rows["Aino Laine"].reason)


def test_words_are_kept_in_a_form_that_stays_translatable() -> None:
    assert told(T("No: %(why)s", why=3)) == {"msgid": "No: %(why)s", "params": {"why": 3}, "domain": "messages"}
