"""The only place ids and codes take their randomness from, so that a story replays the same.

Secrets (tokens, keys, nonces) never come from here: they take theirs from `secrets`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_system = random.SystemRandom()
_source: ContextVar[random.Random] = ContextVar("chance", default=_system)


def word(alphabet: str, length: int) -> str:
    """So many letters of an alphabet, each drawn at random."""
    return "".join(_source.get().choices(alphabet, k=length))


@contextmanager
def seeded(source: random.Random) -> Iterator[None]:
    """Let ids and codes come from a known source for a block."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)
