"""POST /api/v1/sales: signed, fresh, once, all or nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from standardwebhooks.webhooks import Webhook

from core import clock
from core.instance import Instance
from core.tracking import keys, sample
from core.tracking.codes import code_of
from core.tracking.models import ApiReceipt, Sale, SalesKey
from tests.tracking.conftest import perform
from tests.world import World, build

DOCS = Path(__file__).parents[2] / "docs" / "sales-api.md"


@dataclass
class Shop:
    """A shop with a key and a code."""

    client: FlaskClient
    instance: Instance
    world: World
    key: str
    secret: str
    code: str

    def send(self, body: Any, **changed: Any) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        number, at = changed.get("id", "msg_1"), changed.get("at", clock.now())
        signed = Webhook(changed.get("secret", self.secret)).sign(number, at, raw.decode(errors="replace"))
        headers = {
            "Samverk-Key": changed.get("key", self.key),
            "webhook-id": number,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": changed.get("signature", signed),
        }
        return self.client.post("/api/v1/sales", data=raw, headers=headers, content_type="application/json")

    def body(self, *numbers: str, **changed: Any) -> dict[str, Any]:
        sale = {"code": self.code, "amount": "49.90", "currency": "EUR", "sold_at": clock.now().isoformat(), **changed}
        return {"sales": [{"order_id": number, **sale} for number in numbers or ("1042",)]}

    def count(self) -> int:
        with self.instance.database.session() as session:
            return session.scalar(select(func.count(Sale.id))) or 0


@pytest.fixture
def shop(client: FlaskClient, instance: Instance) -> Iterator[Shop]:
    moment = datetime.now(UTC)
    with clock.frozen(moment):
        with instance.database.write() as session:
            world = build(session)
            play = perform(session, world, instance)
            key, secret = keys.create_key(
                session, world.owner, keyring=instance.keyring, brand_id=world.brand.id, label="Shop"
            )
            code = code_of(session, play.collaboration.id) or ""
        yield Shop(client, instance, world, key.public_id, secret, code)


def test_a_signed_message_is_taken_and_answered(shop: Shop) -> None:
    body = shop.body("1", "2")
    body["refunds"] = [
        {"refund_id": "r", "order_id": "1", "amount": "9.90", "currency": "EUR", "refunded_at": clock.now().isoformat()}
    ]
    response = shop.send(body)
    assert response.status_code == 200, response.text
    assert response.json == {
        "sales": [{"order_id": "1", "state": "credited"}, {"order_id": "2", "state": "credited"}],
        "refunds": [{"refund_id": "r", "state": "taken"}],
    }
    with shop.instance.database.session() as session:
        sale = session.scalars(select(Sale)).first()
        assert sale and (sale.source, sale.amount.minor) == ("api", 4990)
        assert session.scalars(select(SalesKey)).one().last_used_at is not None


def test_the_same_message_again_gets_the_same_answer(shop: Shop) -> None:
    first, second = shop.send(shop.body()), shop.send(shop.body())
    assert (first.status_code, second.status_code, second.data) == (200, 200, first.data)
    assert shop.count() == 1


def test_the_same_id_with_another_body_is_a_conflict(shop: Shop) -> None:
    shop.send(shop.body("1"))
    assert shop.send(shop.body("2")).status_code == 409
    assert shop.count() == 1
    assert shop.send(shop.body("2"), id="msg_2").status_code == 200


def test_why_a_sale_is_not_credited_is_told(shop: Shop) -> None:
    answer = shop.send(shop.body(code="WHO")).json
    assert answer["sales"][0] == {
        "order_id": "1042",
        "state": "uncredited",
        "reason": "The code WHO belongs to no collaboration.",
    }


def test_an_order_told_again_in_another_message_says_why_too(shop: Shop) -> None:
    first = shop.send(shop.body(code="WHO")).json
    assert shop.send(shop.body(code="WHO"), id="msg_2").json == first and shop.count() == 1
    twice = shop.body(code="WHO")
    twice["sales"] *= 2
    assert shop.send(twice, id="msg_3").json["sales"] == first["sales"] * 2


@pytest.mark.parametrize("seconds", [-301, 301, -86_400])
def test_a_clock_that_is_off_is_refused(shop: Shop, seconds: int) -> None:
    assert shop.send(shop.body(), at=clock.now() + timedelta(seconds=seconds)).status_code == 401
    assert shop.count() == 0


@pytest.mark.parametrize("seconds", [-299, 299])
def test_a_clock_that_is_nearly_right_is_taken(shop: Shop, seconds: int) -> None:
    assert shop.send(shop.body(), at=clock.now() + timedelta(seconds=seconds)).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": "whsec_" + "B" * 44},
        {"secret": "whsec_" + "A" * 44, "key": "nobody"},
        {"key": ""},
        {"signature": ""},
        {"signature": "v1"},
        {"signature": "v1,é"},
        {"signature": "v2,abc v1,"},
        {"id": ""},
        {"id": "x" * 121},
    ],
)
def test_what_is_not_signed_is_refused(shop: Shop, changed: dict[str, str]) -> None:
    response = shop.send(shop.body(), **changed)
    assert response.status_code == 401, response.text
    assert response.json["error"]["code"] == "unsigned"
    assert shop.count() == 0


def test_one_of_several_signatures_is_enough(shop: Shop) -> None:
    raw = json.dumps(shop.body()).encode()
    good = Webhook(shop.secret).sign("msg_1", clock.now(), raw.decode())
    assert shop.send(raw, signature=f"v1,AAAA {good}").status_code == 200


def test_a_replaced_key_signs_a_day_longer_and_a_revoked_one_not_at_all(shop: Shop) -> None:
    with shop.instance.database.write() as session:
        old = session.scalars(select(SalesKey)).one()
        new, secret = keys.rotate_key(session, shop.world.owner, keyring=shop.instance.keyring, key=old)
    start = clock.now()
    with clock.frozen(start + timedelta(hours=23)):
        assert shop.send(shop.body("1"), id="a").status_code == 200
        assert shop.send(shop.body("2"), id="b", key=new.public_id, secret=secret).status_code == 200
    with clock.frozen(start + timedelta(hours=25)):
        assert shop.send(shop.body("3"), id="c").status_code == 401
        with shop.instance.database.write() as session:
            keys.revoke_key(session, shop.world.owner, key=keys.get_key(session, shop.world.owner, new.public_id))
        assert shop.send(shop.body("3"), id="d", key=new.public_id, secret=secret).status_code == 401


def test_secrets_are_encrypted_at_rest(shop: Shop) -> None:
    with shop.instance.database.session() as session:
        key = session.scalars(select(SalesKey)).one()
        assert shop.secret[6:20] not in key.secret_cipher
        assert keys.secret_of(shop.instance.keyring, key) == shop.secret


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"amount": 49.9}, "sales[1].amount"),
        ({"amount": "49,90"}, "sales[1].amount"),
        ({"amount": "-1.00"}, "sales[1].amount"),
        ({"amount": "1.001"}, "sales[1]"),
        ({"currency": "eur"}, "sales[1].currency"),
        ({"currency": "XYZ"}, "sales[1]"),
        ({"sold_at": "2026-11-22"}, "sales[1].sold_at"),
        ({"sold_at": "2026-11-22T10:00:00"}, "sales[1].sold_at"),
        ({"sold_at": "0001-01-01T00:00:00+05:00"}, "sales[1].sold_at"),
        ({"order_id": ""}, "sales[1].order_id"),
        ({"order_id": "a\u0000b"}, "sales[1].order_id"),
        ({"order_id": "a\u0085b"}, "sales[1].order_id"),
        ({"order_id": "\u202e2401"}, "sales[1].order_id"),
        ({"order_id": "1042\u200b"}, "sales[1].order_id"),
        ({"order_id": "1\u2028 2"}, "sales[1].order_id"),
        ({"order_id": "\u00a0"}, "sales[1].order_id"),
        ({"code": "AINO\u200b"}, "sales[1].code"),
        ({"amount": "١٢.٠٠"}, "sales[1].amount"),
        ({"amount": "１２.００"}, "sales[1].amount"),
        ({"email": "liisa@example.com"}, "sales[1].email"),
    ],
)
def test_one_fault_refuses_the_whole_message_and_names_its_place(shop: Shop, changed: Any, place: str) -> None:
    body = shop.body("1", "2")
    body["sales"][1] |= changed
    response = shop.send(body)
    assert response.status_code == 422, response.text
    assert [fault["place"] for fault in response.json["error"]["faults"]] == [place]
    assert "liisa" not in response.text
    assert shop.count() == 0
    assert shop.send(shop.body("1")).status_code == 200, "the id is free, since nothing was taken"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"amount": "49,90"}, "amount cannot be read: a string with a decimal point and without a sign, such"),
        ({"amount": 49.9}, 'such as "49.90"'),
        ({"amount": "9" * 20}, 'such as "49.90"'),
        ({"amount": "1000000000000"}, "An amount lies between €0.00 and €100,000,000,000.00."),
        ({"currency": "eur"}, 'currency cannot be read: three capitals of ISO 4217, such as "EUR".'),
        ({"sold_at": "yesterday"}, 'sold_at cannot be read: ISO 8601 with an offset or Z, such as "2026-'),
        ({"sold_at": "0001-01-01T00:00:00+14:00"}, "This moment is too far away."),
        ({"sold_at": "9999-12-31T23:59:59-12:00"}, "This moment is too far away."),
        ({"order_id": "a\x00b"}, "order_id cannot be read: a string of 1 to 120 characters"),
        ({"code": "x" * 41}, 'code cannot be read: a string of at most 40 characters, such as "AINO27".'),
        ({"buyer": "x"}, "buyer is not a field of this message."),
    ],
)
def test_a_fault_tells_what_is_expected_with_an_example(shop: Shop, changed: dict[str, Any], words: str) -> None:
    (fault,) = shop.send(shop.body(**changed)).json["error"]["faults"]
    assert words in fault["message"]


def test_what_is_missing_is_named(shop: Shop) -> None:
    body = shop.body()
    del body["sales"][0]["currency"]
    (fault,) = shop.send(body).json["error"]["faults"]
    assert fault == {
        "place": "sales[0].currency", "message": 'currency is missing: three capitals of ISO 4217, such as "EUR".'
    }  # fmt: skip


@pytest.mark.parametrize("text", ["\\ud800", "\\udfff\\ud800", "\\u0000"])
@pytest.mark.parametrize("field", ["order_id", "code", "currency", "sold_at"])
def test_what_no_database_can_keep_is_refused(shop: Shop, field: str, text: str) -> None:
    raw = json.dumps(shop.body(**{field: "HERE"})).replace("HERE", text).encode()
    assert shop.send(raw).status_code == 422
    assert shop.count() == 0


def test_a_refund_without_its_order_undoes_the_sales_beside_it(shop: Shop) -> None:
    body = shop.body("1")
    refund = {"refund_id": "r", "order_id": "9", "amount": "1.00", "currency": "EUR"}
    body["refunds"] = [{**refund, "refunded_at": clock.now().isoformat()}]
    response = shop.send(body)
    assert response.json["error"]["faults"] == [{"place": "refunds[0].order_id", "message": "There is no order 9."}]
    assert shop.count() == 0


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"sales":[]}', b'{"sales":{}}', b"{", b'{"sales":null}', b'{"other":1}']
)
def test_what_is_no_message_is_refused(shop: Shop, body: bytes) -> None:
    assert shop.send(body).status_code == 422


def test_a_body_that_is_not_utf8_is_refused(shop: Shop) -> None:
    assert shop.send(b'{"sales":"\xff"}').status_code == 422


def test_limits(shop: Shop) -> None:
    assert shop.send(shop.body(*map(str, range(1001)))).status_code == 422
    assert shop.send(b" " * 1_000_001).status_code == 413
    assert shop.send(shop.body(*map(str, range(1000)))).status_code == 200
    assert shop.count() == 1000


def test_only_post(shop: Shop) -> None:
    assert shop.client.get("/api/v1/sales").status_code == 405


def test_who_may_manage_keys(shop: Shop) -> None:
    from core.errors import Denied, Missing

    with shop.instance.database.write() as session:
        for name in ("manager", "finance", "viewer"):
            with pytest.raises(Denied):
                keys.create_key(
                    session,
                    shop.world.actors[name],
                    keyring=shop.instance.keyring,
                    brand_id=shop.world.brand.id,
                    label="x",
                )
        with pytest.raises(Missing):
            keys.get_key(session, shop.world.outsider, shop.key)


def test_the_documented_script_works(app: Flask, instance: Instance) -> None:
    """The shell script of the documentation, run as it stands against a live server."""
    if not (shutil.which("openssl") and shutil.which("curl") and shutil.which("bash")):
        pytest.skip("bash, openssl or curl is missing")
    from werkzeug.serving import make_server

    with instance.database.write() as session:
        world = build(session)
        play = perform(session, world, instance)
        key, secret = keys.create_key(
            session, world.owner, keyring=instance.keyring, brand_id=world.brand.id, label="Shop"
        )
        code = code_of(session, play.collaboration.id) or ""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        first, second = re.findall(r"```sh\n(.*?)```", DOCS.read_text(), re.S)[:2]
        assert first == sample.settings(url="https://samverk.example.com", key="abcdefghjkmnpq")
        assert second == sample.SIGN_AND_SEND
        url = f"http://127.0.0.1:{server.server_port}"
        script = sample.script(url=url, key=key.public_id, secret=secret, code=code)
        environment = {"PATH": os.environ["PATH"], "no_proxy": "*"}
        shell = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(shell, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["sales"] == [{"order_id": "1042", "state": "credited"}]
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
    with instance.database.session() as session:
        assert session.scalar(select(func.count(ApiReceipt.id))) == 1
