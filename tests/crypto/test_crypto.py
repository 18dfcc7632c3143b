"""A secret opens with its key in its place, and nowhere else."""

from __future__ import annotations

import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.crypto import BadKeyring, Keyring, Place, Undecipherable, blind_index, decrypt, encrypt, is_current

HERE = Place("payee", "iban", 7)
OLD, NEW, INDEX = (secrets.token_bytes(32) for _ in range(3))
RING = Keyring("k1", {"k1": OLD}, INDEX)
IBAN = "FI2112345600000785"


@given(st.text(max_size=200), st.integers() | st.text("abc123", min_size=1))
def test_what_goes_in_comes_out(plaintext: str, row: int | str) -> None:
    place = Place("payee", "iban", row)
    sealed = encrypt(RING, plaintext, place)
    assert decrypt(RING, sealed, place) == plaintext
    assert sealed.split(":")[:2] == ["v1", "k1"]


def test_the_same_secret_looks_different_each_time() -> None:
    assert encrypt(RING, IBAN, HERE) != encrypt(RING, IBAN, HERE)
    assert IBAN not in encrypt(RING, IBAN, HERE)


@pytest.mark.parametrize("elsewhere", [HERE._replace(row=8), HERE._replace(column="tax_id"), HERE._replace(table="x")])
def test_a_secret_that_was_moved_stays_shut(elsewhere: Place) -> None:
    with pytest.raises(Undecipherable):
        decrypt(RING, encrypt(RING, IBAN, HERE), elsewhere)


def test_a_damaged_secret_stays_shut() -> None:
    sealed = encrypt(RING, IBAN, HERE)
    flipped = sealed[:-3] + ("A" if sealed[-3] != "A" else "B") + sealed[-2:]
    for damaged in (flipped, sealed[:-4], sealed.replace("v1", "v2"), sealed.replace("k1", "k9"), "", "v1:k1:!:!"):
        with pytest.raises(Undecipherable) as error:
            decrypt(RING, damaged, HERE)
        assert IBAN not in str(error.value)


def test_an_old_key_still_opens_and_a_new_one_closes() -> None:
    old = encrypt(RING, IBAN, HERE)
    turned = Keyring("k2", {"k1": OLD, "k2": NEW}, INDEX)
    assert decrypt(turned, old, HERE) == IBAN
    assert not is_current(turned, old)
    assert is_current(turned, encrypt(turned, IBAN, HERE))
    with pytest.raises(Undecipherable):
        decrypt(Keyring("k2", {"k2": NEW}, INDEX), old, HERE)
    with pytest.raises(Undecipherable):
        decrypt(turned, old.replace("k1", "k2"), HERE)


def test_a_blind_index_tells_equality_for_one_purpose_only() -> None:
    assert blind_index(RING, IBAN, "iban") == blind_index(Keyring("k2", {"k2": NEW}, INDEX), IBAN, "iban")
    others = [(IBAN, "tax_id"), (IBAN + "0", "iban"), ("", IBAN + "iban")]
    assert blind_index(RING, IBAN, "iban") not in [blind_index(RING, value, purpose) for value, purpose in others]
    assert blind_index(RING, IBAN, "iban") != blind_index(Keyring("k1", {"k1": OLD}, NEW), IBAN, "iban")


def test_a_place_has_no_colon() -> None:
    with pytest.raises(ValueError, match="colon"):
        encrypt(RING, IBAN, Place("payee", "iban:7", 1))


def test_a_keyring_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: Keyring.load(path), range(8)))
    assert all(ring == rings[0] for ring in rings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.json"]
    assert decrypt(Keyring.load(path), encrypt(rings[0], IBAN, HERE), HERE) == IBAN


def test_a_keyring_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    Keyring.load(path)
    path.chmod(0o640)
    with pytest.raises(BadKeyring, match="chmod 600"):
        Keyring.load(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"current": "k1", "keys": {"k1": "AAAA"}, "index": "AAAA"}'])
def test_a_bad_keyring_is_refused(text: str) -> None:
    with pytest.raises(BadKeyring):
        Keyring.from_json(text)


def test_a_keyring_shows_no_key() -> None:
    assert repr(RING) == "Keyring(current='k1')"
    assert Keyring.from_json(RING.to_json()) == RING
