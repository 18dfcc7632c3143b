"""Who reacts to what: the one table of subscriptions, job handlers and hourly duties.

Lower rooms publish events and ask for objections; upper rooms are named here and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import outbox

if TYPE_CHECKING:
    from core.instance import Instance


def connect(instance: Instance) -> None:
    """Subscribe every room once per process; a second call replaces the first."""
    outbox.register("mail.send", instance.postman.deliver)


def tick(instance: Instance) -> None:
    """What time alone brings about, each minute: offers expire, holds end."""
    del instance
