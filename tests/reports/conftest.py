"""The stage on a fixed day, in a session and committed."""

from __future__ import annotations

from tests.payouts.fixtures import keyring, stage, today  # noqa: F401 - fixtures
