"""What a rail asks a person to do before it pays: follow a link, upload a file; and asking it whether that is done.

The words may name the account and are kept encrypted. A link is shown only if it is https, and a file only ever
given as a download. When somebody says that it is done, the rail is asked what it knows of the same references:
nothing is sent again, and what it does not know yet waits for the person as before.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from core import audit, lifecycle, outbox
from core.crypto import Keyring, Place, decrypt, encrypt
from core.errors import Refused
from core.files import FileStore, StoredFile, store_bytes
from core.payouts.booking import payouts_of
from core.payouts.lifecycle import Action, State
from core.payouts.models import Payout, PayoutRun
from core.payouts.told import told
from core.permissions import SYSTEM, Actor, Permission
from core.plugin_api.payout_rails import NeedsAction
from core.plugin_api.text import T, Text

LOOK = "payouts.look"
MOST_FILE, MOST_URL = 20_000_000, 1000
log = logging.getLogger("samverk.payouts")


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do: what, where, with which file, and for which payouts of the run."""

    instruction: Text
    url: str
    file_id: int | None
    payouts: tuple[Payout, ...]

    @property
    def host(self) -> str:
        """Where the link leads, to be read before it is followed."""
        return urlsplit(self.url).hostname or ""


def keep(session: Session, keyring: Keyring, store: FileStore, payout: Payout, asked: NeedsAction) -> None:
    """Take down what the rail asks for an order, in place of what it asked before."""
    kept = {"instruction": told(asked.instruction), "url": https_link(asked.url)}
    payout.todo_cipher = encrypt(keyring, json.dumps(kept, ensure_ascii=False), _place(payout))
    payout.todo_file_id, payout.said = _file(session, store, payout, asked), None
    lifecycle.move(session, payout, Action.ASK, actor=SYSTEM)


def todos_of(keyring: Keyring, payouts: Collection[Payout]) -> list[Todo]:
    """What there is to do for those that wait for a person; orders with the same words, link and file share one."""
    found: dict[tuple[str, int | None], list[Payout]] = {}
    for payout in payouts:
        if payout.state == State.REQUIRES_ACTION and payout.todo_cipher:
            kept = decrypt(keyring, payout.todo_cipher, _place(payout))
            found.setdefault((kept, payout.todo_file_id), []).append(payout)
    return [_todo(json.loads(kept), file_id, tuple(rows)) for (kept, file_id), rows in found.items()]


def file_of(session: Session, payout: Payout) -> StoredFile | None:
    """The file that the rail gave for an order, also when the money has long arrived: the books need it."""
    return session.get(StoredFile, payout.todo_file_id) if payout.todo_file_id else None


def files_of(payouts: Collection[Payout]) -> list[Payout]:
    """Of those whose rail gave a file, one payout for each file."""
    return list({row.todo_file_id: row for row in payouts if row.todo_file_id}.values())


def done(session: Session, actor: Actor, run: PayoutRun, payouts: Collection[Payout]) -> None:
    """A person has done what was asked: let the rail be asked what it knows of these orders.

    Until it has answered, only its word counts. Refused when none of them waits.
    """
    actor.require(Permission.PAYOUT_APPROVE, run.brand_id)
    waiting = [row for row in payouts if row.payout_run_id == run.id and row.state == State.REQUIRES_ACTION]
    if not waiting:
        raise Refused(T("Nothing of this waits for you any more."))
    moves = [lifecycle.move(session, row, Action.LOOK, actor=actor) for row in waiting]
    session.flush()
    names = [row.public_id for row in waiting]
    outbox.enqueue(session, LOOK, {"run": run.id, "look": names}, key=f"{LOOK}:{moves[0].id}")
    detail = {"payments": len(names)}
    audit.record(session, actor=actor, brand_id=run.brand_id, action="payout_run.look", obj=run, detail=detail)


def give_back(session: Session, run: PayoutRun, names: Collection[str]) -> None:
    """What the rail does not know yet waits for the person again, with what was asked before."""
    for payout in payouts_of(session, run):
        if payout.public_id in names and payout.state == State.PROCESSING:
            lifecycle.move(session, payout, Action.ASK, actor=SYSTEM)


def https_link(url: object) -> str:
    """A rail's link if it may be shown: https to a host, without a name or a password in it; else empty."""
    if not isinstance(url, str) or len(url) > MOST_URL or not url.isprintable() or set(url) & set(" \\"):
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port  # reading it refuses what is no port
    except ValueError:
        return ""
    whole = parts.scheme == "https" and parts.hostname and port != 0 and "@" not in parts.netloc
    return url if whole else ""


def _file(session: Session, store: FileStore, payout: Payout, asked: NeedsAction) -> int | None:
    """The file's row, one for all orders of a run that share it. No brand's library has it: only the payouts do."""
    if not isinstance(asked.file, bytes) or not asked.file:
        return None
    if len(asked.file) > MOST_FILE:
        log.warning("payout %s: the rail's file is too large to keep", payout.public_id)
        return None
    name = str(asked.file_name or f"{payout.public_id}.txt").replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in name if letter.isprintable()) or payout.public_id
    of_run = Payout.todo_file_id == StoredFile.id, Payout.payout_run_id == payout.payout_run_id
    same = StoredFile.sha256 == hashlib.sha256(asked.file).hexdigest(), StoredFile.name == name[:200]
    known = session.scalar(select(StoredFile.id).join(Payout, and_(*of_run)).where(*same).limit(1))
    kind = "application/octet-stream"
    return known or store_bytes(session, store, asked.file, name=name, media_type=kind, brand_id=None).id


def _todo(kept: Mapping[str, Any], file_id: int | None, payouts: tuple[Payout, ...]) -> Todo:
    return Todo(Text.from_json(kept["instruction"]), kept["url"], file_id, payouts)


def _place(payout: Payout) -> Place:
    return Place("payout", "todo_cipher", payout.id)
