"""Passwords: argon2id, at least ten characters, no composition rules (OWASP ASVS 5.0, 6.2)."""

from __future__ import annotations

from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Invalid
from core.plugin_api.text import T

MINIMUM = 10
MAXIMUM = 200
_cost: dict[str, Any] = {}


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(**_cost)


def cheapen() -> None:
    """Hash with the smallest cost argon2 allows in this process: for tests, and for the demo's printed password.

    What is stored meanwhile stays cheap to try out: never call it where people choose their passwords.
    """
    _cost.update(time_cost=1, memory_cost=8, parallelism=1)
    _hasher.cache_clear()


def hash_password(password: str, *, field: str = "password") -> str:
    """The hash to store; a password that is too short or too long is `Invalid`."""
    if len(password) < MINIMUM:
        raise Invalid(T("Use at least %(count)s characters.", count=MINIMUM), field)
    if len(password) > MAXIMUM:
        raise Invalid(T("Use at most %(count)s characters.", count=MAXIMUM), field)
    return _hasher().hash(password)


def verify(stored: str | None, password: str) -> bool:
    """Whether the password is right. Without a stored hash the same time is spent, then False."""
    try:
        return _hasher().verify(stored or _decoy(), password[:MAXIMUM]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _decoy() -> str:
    return _hasher().hash("a password that nobody has")
