"""The installation's settings: read from the environment once, checked, each fault one sentence."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core.i18n import ROOT

SECONDS = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class BadSettings(Exception):
    """Settings that cannot be used; the message says which and why, a line each."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are and how the outside is reached."""

    instance: Path
    host: str
    port: int
    database_url: str
    redis_url: str | None
    base_url: str
    trusted_hosts: tuple[str, ...]
    smtp_url: str | None
    mail_from: str
    safe_mode: bool
    trace_plugins: bool
    plugin_seconds: tuple[float, ...]
    gallery: bool
    testing: bool
    max_upload_mb: int
    threads: int
    proxies: int
    inside_hosts: tuple[str, ...] = ()

    @property
    def secure(self) -> bool:
        """Whether people reach it by https."""
        return self.base_url.startswith("https://")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in LOOPBACK


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this environment; raises `BadSettings` listing every fault found."""
    env = os.environ if environ is None else environ
    faults: list[str] = []
    port = _integer(env, "SAMVERK_PORT", 5000, 1, 65535, faults)
    upload = _integer(env, "SAMVERK_MAX_UPLOAD_MB", 200, 1, 10_000, faults)
    threads = _integer(env, "SAMVERK_THREADS", 8, 1, 256, faults)
    proxies = _integer(env, "SAMVERK_PROXIES", 0, 0, 5, faults)
    seconds = _seconds(env, faults)
    instance = Path(env.get("SAMVERK_INSTANCE") or ROOT / "instance").expanduser().resolve()
    if instance.exists() and not instance.is_dir():
        faults.append(f"SAMVERK_INSTANCE: {instance} is a file; name a folder.")
    host = env.get("SAMVERK_HOST") or "127.0.0.1"
    database = env.get("SAMVERK_DATABASE_URL") or f"sqlite:///{instance / 'samverk.db'}"
    _database(database, faults)
    database = database.replace("postgresql://", "postgresql+psycopg://", 1)
    redis = env.get("SAMVERK_REDIS_URL") or None
    if redis and not redis.startswith(("redis://", "rediss://", "unix://")):
        faults.append("SAMVERK_REDIS_URL must start with redis://, rediss:// or unix://.")
    base = (env.get("SAMVERK_BASE_URL") or f"http://{host if host in LOOPBACK else '127.0.0.1'}:{port}").rstrip("/")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        faults.append("SAMVERK_BASE_URL must be like https://samverk.example.com, without a path.")
    smtp = env.get("SAMVERK_SMTP_URL") or None
    if smtp and urlsplit(smtp).scheme not in ("smtp", "smtps"):
        faults.append("SAMVERK_SMTP_URL must be like smtp://user:password@mail.example.com:587.")
    extra, inside = _names(env, "SAMVERK_TRUSTED_HOSTS"), _names(env, "SAMVERK_INSIDE_HOSTS")
    for name in inside:
        if "/" in name or name.count(":") == 1:  # several colons are an IPv6 address
            faults.append(f"SAMVERK_INSIDE_HOSTS names hosts without scheme and port: bank.lan,10.0.0.7, not {name}.")
    if faults:
        raise BadSettings("\n".join(faults))
    return Settings(
        instance=instance,
        host=host,
        port=port,
        database_url=database,
        redis_url=redis,
        base_url=base,
        trusted_hosts=(str(parts.hostname), *(LOOPBACK if host in LOOPBACK else ()), *extra),
        smtp_url=smtp,
        mail_from=env.get("SAMVERK_MAIL_FROM") or f"Samverk <no-reply@{parts.hostname}>",
        safe_mode=env.get("SAMVERK_SAFE_MODE", "") == "1",
        trace_plugins=env.get("SAMVERK_TRACE_PLUGINS", "") == "1",
        plugin_seconds=seconds,
        gallery=env.get("SAMVERK_GALLERY", "") == "1",
        testing=env.get("SAMVERK_TESTING", "") == "1",
        max_upload_mb=upload,
        threads=threads,
        proxies=proxies,
        inside_hosts=tuple(name.lower() for name in inside),
    )


def _names(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(host.strip() for host in env.get(name, "").split(",") if host.strip())


def _integer(env: Mapping[str, str], name: str, default: int, low: int, high: int, faults: list[str]) -> int:
    raw = env.get(name)
    if not raw:
        return default
    if raw.isdigit() and low <= int(raw) <= high:
        return int(raw)
    faults.append(f"{name} must be a whole number from {low} to {high}, not {raw!r}.")
    return default


def _seconds(env: Mapping[str, str], faults: list[str]) -> tuple[float, ...]:
    """How long plugins may take for an answer, a page and a piece of work; a fourth number is for loading them."""
    given = [part.strip() for part in (env.get("SAMVERK_PLUGIN_SECONDS") or "2,10,60").split(",")]
    if len(given) in (3, 4) and all(SECONDS.fullmatch(part) and float(part) >= 0.1 for part in given):
        return tuple(map(float, given))
    faults.append("SAMVERK_PLUGIN_SECONDS must be three numbers of seconds like 2,10,60 or four, each at least 0.1.")
    return 2.0, 10.0, 60.0


def _database(url: str, faults: list[str]) -> None:
    if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        faults.append("SAMVERK_DATABASE_URL must start with sqlite:/// or postgresql://.")
