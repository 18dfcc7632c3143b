"""`samverk keys`: every secret comes under the new key, whenever it is killed, and no running process notices."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from core import clock, outbox, rotation
from core.cli.main import samverk
from core.crypto import KeyFile, Keyring
from core.database import Base
from core.influencers.importing import Importer
from core.influencers.models import ImportBatch, ImportRow, Relationship
from core.influencers.service import add_person, read_iban
from core.instance import Instance
from core.payouts.methods import read_iban as read_account
from core.payouts.methods import save_method
from core.payouts.models import PayoutMethod
from core.tracking.keys import create_key, secret_of
from core.tracking.models import SalesKey
from tests.world import World

IBANS = ("FI2112345600000785", "SE4550000000058398257466", "NO9386011117947")


@pytest.fixture
def filled(instance: Instance, committed: World) -> World:
    """Secrets of every kind but those of payouts that were handed over."""
    with instance.database.write() as session:
        for number, iban in enumerate(IBANS):
            details = {"display_name": f"Person {number}", "email": f"p{number}@example.com", "iban": iban}
            add_person(session, committed.owner, instance.keyring, brand=committed.brand, details=details)
        save_method(
            session, instance.keyring, committed.creator, payee_name="Aino Laine", iban=IBANS[0], street="Katu",
            building="1", postcode="00100", town="Helsinki", country="FI", tax_country="FI", tax_id="131052-308T",
            base_url="http://localhost",
        )  # fmt: skip
        create_key(session, committed.owner, keyring=instance.keyring, brand_id=committed.brand.id, label="Shop")
        importer = Importer(instance.files, instance.keyring)
        raw = f"name,email,iban\nBo Ek,bo@example.com,{IBANS[1]}\nEva Berg,eva@example.com,\n".encode()
        batch = importer.start(session, committed.owner, brand=committed.brand, name="list.csv", raw=raw)
        importer.check(session, committed.owner, batch=batch, mapping=batch.mapping)
    return committed


def run(instance: Instance, *args: str) -> Result:
    env = {
        "SAMVERK_INSTANCE": str(instance.settings.instance),
        "SAMVERK_DATABASE_URL": instance.settings.database_url,
        "SAMVERK_TESTING": "1",
    }
    return CliRunner().invoke(samverk, ["keys", *args], env=env)


def under(instance: Instance, key_id: str) -> dict[str, int]:
    """How many secrets of each kind were made with a key."""
    with instance.database.session() as session:
        return dict(rotation.uses(session, instance.keyring).get(key_id, {}))


def read_all(instance: Instance) -> list[str]:
    """Every secret in the clear, through the services that use them."""
    keyring = instance.keyring
    with instance.database.session() as session:
        people = [read_iban(keyring, row) or "" for row in session.scalars(select(Relationship))]
        accounts = [read_account(keyring, row) for row in session.scalars(select(PayoutMethod))]
        return sorted([*people, *accounts, *(secret_of(keyring, row) for row in session.scalars(select(SalesKey)))])


EVERY = {
    "import_row.data": 1, "relationship.iban_cipher": 3, "payout_method.iban_cipher": 1,
    "payout_method.tax_id_cipher": 1, "sales_key.secret_cipher": 1,
}  # fmt: skip


def test_every_column_of_ciphertexts_is_turned() -> None:
    turned = {vault.name for vault in rotation.VAULTS}
    ciphers = {
        f"{t.name}.{c.name}" for t in Base.metadata.sorted_tables for c in t.columns if c.name.endswith("_cipher")
    }
    assert ciphers | {"import_row.data"} == turned


def test_a_new_key_for_everything(instance: Instance, filled: World) -> None:
    before = read_all(instance)
    assert under(instance, "k1") == EVERY
    answer = run(instance, "rotate")
    assert answer.exit_code == 0, answer.output
    assert "k2 is a new key; secrets encrypted with it: 7." in answer.stdout
    assert "k1 is kept for processes that have it in hand." in answer.stdout
    assert under(instance, "k2") == EVERY and under(instance, "k1") == {}
    assert read_all(instance) == before, "a process that runs on reads the new keys"
    told = run(instance, "list").stdout
    assert "k2     current since 20" in told and "k1     replaced" in told and "1 sales_key.secret_cipher" in told


def test_the_old_key_goes_when_nothing_uses_it_and_nobody_holds_it(instance: Instance, filled: World) -> None:
    run(instance, "rotate")
    assert "k1 is kept" in run(instance, "rotate").stdout
    stale = Keyring("k1", {"k1": instance.keyring.keys["k1"]}, instance.keyring.index)
    with instance.database.write() as session:
        create_key(session, filled.owner, keyring=stale, brand_id=filled.brand.id, label="Late")
    with clock.frozen(clock.now() + rotation.GRACE):
        answer = run(instance, "rotate").stdout
    assert "k2 is the current key; secrets encrypted with it: 1.\nk1 was dropped: nothing uses it.\n" in answer
    assert list(instance.keyring.keys) == ["k2"]
    assert list(json.loads((instance.settings.instance / "keys.json").read_text())["keys"]) == ["k2"]
    assert len(read_all(instance)) == 6
    assert "k3 is a new key;" in run(instance, "rotate", "--stopped").stdout
    assert list(instance.keyring.keys) == ["k3"]


def test_what_no_key_opens_is_named_and_holds_its_key(instance: Instance, filled: World) -> None:
    with instance.database.write() as session:
        (method,) = session.scalars(select(PayoutMethod))
        method.iban_cipher = method.iban_cipher[:-8] + "AAAAAAA="
    answer = run(instance, "rotate", "--stopped")
    assert answer.exit_code == 1
    assert f"No key opens payout_method.iban_cipher {method.id}." in answer.stderr
    assert "k1 is kept: something still uses it" in answer.stdout
    assert under(instance, "k1") == {"payout_method.iban_cipher": 1} and set(instance.keyring.keys) == {"k1", "k2"}
    assert "k3 is a new key;" in run(instance, "rotate", "--stopped", "--again").stdout
    assert set(instance.keyring.keys) == {"k1", "k3"}


def test_an_import_goes_on_with_the_new_key(instance: Instance, filled: World) -> None:
    run(instance, "rotate", "--stopped")
    with instance.database.write() as session:
        (batch_id,) = session.scalars(select(ImportRow.import_batch_id).distinct())
        batch = session.get_one(ImportBatch, batch_id)
        Importer(instance.files, instance.keyring).apply(session, filled.owner, batch=batch)
    outbox.drain(instance.database)
    assert read_all(instance).count(IBANS[1]) == 2
    assert under(instance, "k2")["relationship.iban_cipher"] == 4


CHILD = """
import sys
from pathlib import Path
import core.tables
from core import rotation
from core.crypto import KeyFile
from core.database import Database

def stop(done):
    print(done, flush=True)
    if done >= {after}:
        sys.stdin.read()

rotation.BATCH = 2
write = KeyFile.replace
def replace(self, keyring):
    write(self, keyring)
    stop(0)
KeyFile.replace = replace
rotation.rotate(Database({url!r}), KeyFile(Path({path!r})), each=stop)
"""


@pytest.mark.parametrize("after", [0, 1, 3, 6])
def test_killed_anywhere_it_is_finished_by_the_next_one(instance: Instance, filled: World, after: int) -> None:
    before, url = read_all(instance), instance.database.engine.url.render_as_string(hide_password=False)
    code = CHILD.format(after=after, url=url, path=str(instance.settings.instance / "keys.json"))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= after:
                child.kill()
                break
        child.stdout.read()
    assert child.returncode == -9
    done = sum(under(instance, "k2").values())
    assert after <= done < 7 and sum(under(instance, "k1").values()) == 7 - done
    assert read_all(instance) == before
    answer = run(instance, "rotate")
    assert answer.exit_code == 0 and f"k2 is the current key; secrets encrypted with it: {7 - done}." in answer.stdout
    assert under(instance, "k2") == EVERY and read_all(instance) == before


def test_a_key_file_that_is_gone_makes_no_new_keys(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    known = file.keyring
    (tmp_path / "keys.json").rename(tmp_path / "moved.json")
    assert file.keyring == known and not (tmp_path / "keys.json").exists()
    (tmp_path / "moved.json").rename(tmp_path / "keys.json")
    file.replace(known.turned(clock.now()))
    assert KeyFile(tmp_path / "keys.json").keyring.current == file.keyring.current == "k2"
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
