"""The instance folder: keys made once, readable by the owner alone, and the parts that live in it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from core import private
from core.crypto import BadKeyring, KeyFile, Keyring
from core.database import Database
from core.files import FileStore
from core.http import Client
from core.mail import Postman
from core.plugin_host import left_out, loader, roll, serving, tables
from core.plugin_host.deadlines import Deadlines
from core.plugin_host.fence import Fence
from core.plugin_host.host import PluginHost
from core.plugin_host.left_out import LeftOut
from core.plugin_host.records import Record
from core.settings import Settings

SHORTEST_KEY = 32


@dataclass(frozen=True)
class Instance:
    """An installation as one process sees it: settings, database, files, keys, plugins."""

    settings: Settings

    @property
    def folder(self) -> Path:
        """The instance folder, made for its owner alone on first use."""
        return private.folder(self.settings.instance)

    def make_keys(self) -> None:
        """Make the keys that are not there yet, before processes that need them start side by side."""
        _ = self.secret_key, self.keyring

    @cached_property
    def database(self) -> Database:
        """The application's database."""
        _ = self.folder
        return Database(self.settings.database_url)

    @cached_property
    def files(self) -> FileStore:
        """Where uploads are."""
        return FileStore(self.settings.instance / "files")

    @cached_property
    def key_file(self) -> KeyFile:
        """Where the keys are that secrets in the database are encrypted with."""
        return KeyFile(self.folder / "keys.json")

    @property
    def keyring(self) -> Keyring:
        """The keys as they are now. Ask again each time: they may be turned while the process runs."""
        return self.key_file.keyring

    @cached_property
    def secret_key(self) -> str:
        """The key that cookies are signed with."""
        return _secret_file(self.folder / "secret_key")

    @cached_property
    def postman(self) -> Postman:
        """How mail leaves."""
        return Postman(self.settings.smtp_url, self.settings.mail_from, self.settings.instance / "mail")

    @cached_property
    def plugins(self) -> PluginHost:
        """Every plugin found, each behind its fence."""
        fence = Fence(Deadlines(*self.settings.plugin_seconds), trace=self.settings.trace_plugins)
        records = tables.held_back(self.load_plugins(), self.settings.database_url)
        return PluginHost(records, fence, Client(self.settings.inside_hosts), lambda: self.keyring)

    def load_plugins(self) -> list[Record]:
        """Every plugin as it loads now, whatever its tables are like; not those that did not come back before."""
        settings = self.settings
        return loader.load(
            loader.find(safe_mode=settings.safe_mode),
            Deadlines(*settings.plugin_seconds).load,
            self.left_out,
            partial(roll.first_come, settings.database_url),
            settings.trace_plugins,
        )

    @cached_property
    def left_out(self) -> LeftOut:
        """Which plugins did not come back while they were loaded."""
        return LeftOut(self.settings.instance / left_out.FOLDER)

    def serve(self) -> None:
        """Let this process serve: its plugins are watched and counted, and one that hangs in C ends it."""
        if not self.settings.testing:
            serving.serve(self.plugins, self.database, self.settings.instance)

    @property
    def setup_code(self) -> str:
        """The code that set-up asks for when others could reach the page first."""
        return hmac.new(self.secret_key.encode(), b"set-up", hashlib.sha256).hexdigest()[:10].upper()


def _secret_file(path: Path) -> str:
    if not path.exists():
        private.make(path, secrets.token_urlsafe(48))
    key = path.read_text().strip()
    if len(key) < SHORTEST_KEY:
        raise BadKeyring(
            f"{path} holds no key. Remove the file, and a new one is made; pages open now must be reloaded."
        )
    return key
