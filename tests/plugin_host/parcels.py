"""A plugin with settings of every kind, installed, and its forms filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.instance import Instance
from core.plugin_host.contexts import context_of
from core.plugin_host.saving import save_settings
from samverk import Context
from tests.plugin_host.foreign import install
from tests.world import World

HERE = Path(__file__).parent
TOKEN = "tok/live+Åäö 9c2e"  # with letters that addresses and JSON write in another way
BLANK = {"own-mode": "", "own-live": ""}
PAGE, WHOLE = "/admin/plugins/parcel", "/admin/plugins/parcel/installation"


@pytest.fixture(autouse=True)
def parcel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin is installed."""
    install(tmp_path, monkeypatch, "parcel", HERE / "parcel")


def fill(instance: Instance, world: World, brand: Any, remove: tuple[str, ...] = (), **raw: object) -> dict[str, str]:
    """Fill a scope's form in as the owner; the errors as words."""
    with instance.database.write() as session:
        errors = save_settings(
            session, world.owner, instance.plugins, instance.keyring,
            plugin="parcel", brand=brand, raw=raw, remove=remove,
        )  # fmt: skip
    return {key: str(message) for key, message in errors.items()}


def told(instance: Instance, brand: Any = None) -> Context:
    with instance.database.session() as session:
        return context_of(session, instance.plugins, instance.keyring, "parcel", brand)
