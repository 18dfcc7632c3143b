"""The instance folder: keys made once, readable by the owner alone, and the parts that live in it."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.crypto import KeyFile, Keyring
from core.database import Database
from core.files import FileStore
from core.http import Client
from core.mail import Postman
from core.plugin_host import keeper, loader, tables
from core.plugin_host.deadlines import Deadlines
from core.plugin_host.fence import Fence
from core.plugin_host.host import PluginHost
from core.settings import Settings


@dataclass(frozen=True)
class Instance:
    """An installation as one process sees it: settings, database, files, keys, plugins."""

    settings: Settings

    @cached_property
    def database(self) -> Database:
        """The application's database."""
        self.settings.instance.mkdir(parents=True, exist_ok=True)
        return Database(self.settings.database_url)

    @cached_property
    def files(self) -> FileStore:
        """Where uploads are."""
        return FileStore(self.settings.instance / "files")

    @cached_property
    def key_file(self) -> KeyFile:
        """Where the keys are that secrets in the database are encrypted with."""
        self.settings.instance.mkdir(parents=True, exist_ok=True)
        return KeyFile(self.settings.instance / "keys.json")

    @property
    def keyring(self) -> Keyring:
        """The keys as they are now. Ask again each time: they may be turned while the process runs."""
        return self.key_file.keyring

    @cached_property
    def secret_key(self) -> str:
        """The key that cookies are signed with."""
        return _secret_file(self.settings.instance / "secret_key")

    @cached_property
    def postman(self) -> Postman:
        """How mail leaves."""
        return Postman(self.settings.smtp_url, self.settings.mail_from, self.settings.instance / "mail")

    @cached_property
    def plugins(self) -> PluginHost:
        """Every plugin found, each behind its fence."""
        fence = Fence(Deadlines(*self.settings.plugin_seconds), trace=self.settings.trace_plugins)
        records = loader.load(loader.find(safe_mode=self.settings.safe_mode))
        client = Client(self.settings.inside_hosts)
        return PluginHost(tables.held_back(records, self.settings.database_url), fence, client)

    def serve(self) -> None:
        """Let this process serve: its plugins are watched and counted, and one that hangs in C ends it."""
        if not self.settings.testing:
            keeper.serve(self.plugins, self.database, self.settings.instance)

    @property
    def setup_code(self) -> str:
        """The code that set-up asks for when others could reach the page first."""
        return hmac.new(self.secret_key.encode(), b"set-up", hashlib.sha256).hexdigest()[:10].upper()


def _secret_file(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()
