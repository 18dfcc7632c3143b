"""Secrets at rest: AES-GCM bound to the row they belong to, under keys that can be replaced.

A ciphertext moved to another table, column or row does not decrypt. Values that must be found
again (an IBAN entered twice) get a blind index beside them, which tells equality and no more.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core import private

VERSION = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12


class BadKeyring(Exception):
    """A keyring that cannot be used; the message says why and never shows a key."""


class Undecipherable(Exception):
    """A ciphertext that is damaged, was moved to another place, or whose key is gone."""


class Place(NamedTuple):
    """Where a secret lives: table, column, and the row's id."""

    table: str
    column: str
    row: int | str


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by id, the one new secrets are made with and since when, and the key of blind indexes."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    index: bytes = field(repr=False)
    since: datetime | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse a keyring with a missing, short or ill-named key."""
        if self.current not in self.keys:
            raise BadKeyring(f"The current key {self.current!r} is not in the keyring.")
        if any(len(key) != KEY_BYTES for key in (*self.keys.values(), self.index)):
            raise BadKeyring(f"Every key of the keyring must have {KEY_BYTES} bytes.")
        if any(not name.isalnum() for name in self.keys):
            raise BadKeyring("The ids of keys are letters and digits only.")

    @classmethod
    def load(cls, path: Path) -> Keyring:
        """The keyring of a file, made with fresh keys on first use and readable by its owner alone."""
        if not path.exists():
            fresh = cls("k1", {"k1": secrets.token_bytes(KEY_BYTES)}, secrets.token_bytes(KEY_BYTES))
            private.make(path, fresh.to_json())
        if path.stat().st_mode & 0o077:
            raise BadKeyring(f"{path} can be read by others. Run: chmod 600 {path}")
        return cls.from_json(path.read_text())

    @classmethod
    def from_json(cls, text: str) -> Keyring:
        """The keyring that `to_json` wrote, from a file or an environment variable."""
        try:
            data = json.loads(text)
            keys = {name: base64.b64decode(key, validate=True) for name, key in data["keys"].items()}
            since = datetime.fromisoformat(data["since"]) if data.get("since") else None
            return cls(data["current"], keys, base64.b64decode(data["index"], validate=True), since)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadKeyring("The keyring is not readable: it must hold current, keys and index.") from None

    def to_json(self) -> str:
        """The keyring as text, to be kept as carefully as what it protects."""
        keys = {name: base64.b64encode(key).decode() for name, key in self.keys.items()}
        told = {"current": self.current, "keys": keys, "index": base64.b64encode(self.index).decode()}
        return json.dumps(told | ({"since": self.since.isoformat()} if self.since else {}))

    def turned(self, at: datetime) -> Keyring:
        """With a fresh key that new secrets are made with from now on; the old ones still open theirs."""
        last = max((int(name[1:]) for name in self.keys if name[:1] == "k" and name[1:].isdigit()), default=0)
        name = f"k{last + 1}"
        return replace(self, current=name, keys={**self.keys, name: secrets.token_bytes(KEY_BYTES)}, since=at)

    def without(self, *names: str) -> Keyring:
        """Without keys that nothing needs any more."""
        return replace(self, keys={name: key for name, key in self.keys.items() if name not in names})


class KeyFile:
    """A keyring in a file, read again when the file was replaced, so that a turned key reaches running processes."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self.path = path
        self._read: tuple[tuple[int, int] | None, Keyring] | None = None

    @property
    def keyring(self) -> Keyring:
        """The keys as they are now, made on first use; those last read while the file is gone."""
        state = self._state()
        if self._read is None or (state is not None and state != self._read[0]):
            self._read = state, Keyring.load(self.path)
        return self._read[1]

    def replace(self, keyring: Keyring) -> None:
        """Write other keys in place of these, whole or not at all."""
        private.replace(self.path, keyring.to_json())

    def _state(self) -> tuple[int, int] | None:
        try:
            about = self.path.stat()
        except FileNotFoundError:
            return None
        return about.st_ino, about.st_mtime_ns


def encrypt(keyring: Keyring, plaintext: str, where: Place) -> str:
    """`v1:keyid:nonce:ciphertext`, readable only with the key and only in this place."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(keyring.keys[keyring.current]).encrypt(nonce, plaintext.encode(), _bound(where, keyring.current))
    return f"{VERSION}:{keyring.current}:{_b64(nonce)}:{_b64(sealed)}"


def decrypt(keyring: Keyring, ciphertext: str, where: Place) -> str:
    """What was encrypted for this place; raises `Undecipherable` for anything else."""
    try:
        version, key_id, nonce, sealed = ciphertext.split(":")
        if version != VERSION:
            raise ValueError(version)
        key = AESGCM(keyring.keys[key_id])
        plain = key.decrypt(_unb64(nonce), _unb64(sealed), _bound(where, key_id))
    except (ValueError, KeyError, InvalidTag):
        raise Undecipherable(f"{where.table}.{where.column} of row {where.row}") from None
    return plain.decode()


def blind_index(keyring: Keyring, value: str, purpose: str) -> str:
    """The same 64 characters for the same value and purpose, telling nothing else about it."""
    return hmac.new(keyring.index, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()


def is_current(keyring: Keyring, ciphertext: str) -> bool:
    """Whether a secret was made with the key that new ones are made with."""
    return ciphertext.startswith(prefix(keyring.current))


def prefix(key_id: str) -> str:
    """What every secret that was made with a key begins with."""
    return f"{VERSION}:{key_id}:"


def _bound(where: Place, key_id: str) -> bytes:
    if ":" in f"{where.table}{where.column}{where.row}":
        raise ValueError("a place has no colon in its names")
    return f"{where.table}:{where.column}:{where.row}:{key_id}".encode()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def _unb64(text: str) -> bytes:
    data = base64.b64decode(text, altchars=b"-_", validate=True)
    if _b64(data) != text:
        raise ValueError("not the one spelling of these bytes")
    return data
