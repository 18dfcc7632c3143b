"""Messages that the other side sends by itself: every provider of the plugin that listens is asked whose they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import Brand
from core.crypto import Keyring
from core.errors import Missing, SamverkError
from core.feeds.asking import ask
from core.feeds.faults import FAILED, Fault
from core.plugin_api.context import Context
from core.plugin_api.text import T
from core.plugin_host.contexts import context_of
from core.plugin_host.deadlines import Seam
from core.plugin_host.host import PluginHost
from core.plugin_host.service import switches

LISTENING = {"sales_sources": "verify_webhook", "platforms": "verify_webhook"}
"""By which method a provider of each kind reads a signed message."""
Check = Callable[[Sequence[Any]], Sequence[Any]]
"""Gives records back as they are; `TypeError` or `ValueError` for what cannot be one."""


class Unsigned(SamverkError):
    """No provider knows the signature."""

    status = 401


class Unread(SamverkError):
    """Signed, and yet not understood."""

    status = 422


class PluginFailed(SamverkError):
    """The plugin itself failed: the sender tries again."""

    status = 500


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where a message goes: the brand, the plugin, and by (kind, name) its providers that listen."""

    brand: Brand
    plugin: str
    ctx: Context
    providers: Mapping[tuple[str, str], Any]


def open_mailbox(
    session: Session, host: PluginHost, keyring: Keyring, *, plugin: str, brand: str, kinds: Collection[str]
) -> Mailbox:
    """The mailbox of a brand's plugin; `Missing` when there is none, also when it is switched off.

    Close the session before you read a message.
    """
    found = session.scalar(select(Brand).where(Brand.public_id == brand))
    on = found is not None and plugin in host.active and switches(session, found.id).get(plugin, True)
    providers = {
        (kind, name): provider
        for kind in kinds
        for name, provider in host.registry(kind).items()
        if host.registry(kind).owners[name] == plugin and provider.supports(LISTENING[kind])
    }
    if found is None or not on or not providers:
        raise Missing(T("There is nothing at this address."))
    return Mailbox(found, plugin, context_of(session, host, keyring, plugin, found), providers)


def read(
    host: PluginHost, mailbox: Mailbox, checks: Mapping[str, Check], headers: Mapping[str, str], body: bytes
) -> dict[tuple[str, str], Sequence[Any]]:
    """The records of a message by (kind, name) of each provider that knows its signature.

    `Unsigned` when none does, `Unread` and `PluginFailed` when one knows it and has no answer, `Later` while the
    plugin is paused.
    """
    answers = {whose: _ask(host, mailbox, whose, checks[whose[0]], headers, body) for whose in mailbox.providers}
    told: dict[tuple[str, str], Sequence[Any]] = {}
    for whose, answer in answers.items():
        if not isinstance(answer, Fault):
            told[whose] = answer
        elif answer.kind == FAILED:
            raise PluginFailed(answer.message)
        elif answer.kind != "BadSignature":
            raise Unread(answer.message)
    if not told:
        raise Unsigned(T("The signature does not match."))
    return told


def _ask(
    host: PluginHost, mailbox: Mailbox, whose: tuple[str, str], check: Check, headers: Mapping[str, str], body: bytes
) -> Sequence[Any] | Fault:
    method = LISTENING[whose[0]]
    verify = getattr(mailbox.providers[whose], method)
    return ask(
        host, mailbox.plugin, lambda ctx: check(verify(ctx, headers, body)), mailbox.ctx,
        returns=Sequence, what=method, seam=Seam.PAGE,
    )  # fmt: skip
