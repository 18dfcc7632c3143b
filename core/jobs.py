"""huey carries wake-ups and the clock; the outbox is the truth.

A lost wake-up costs at most a minute, since the consumer also looks by itself; a lost worker
costs nothing, since what it had claimed comes free when its lease ends.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from core import outbox, private
from core.settings import Settings

if TYPE_CHECKING:
    from core.instance import Instance

log = logging.getLogger("samverk.jobs")
_queue: Any = None
_instance: Instance | None = None


def queue(settings: Settings) -> Any:
    """The huey that both web and worker use: Redis when configured, else a SQLite file of its own."""
    if settings.redis_url:
        from huey import RedisHuey

        return RedisHuey("samverk", url=settings.redis_url)
    from huey import SqliteHuey

    return SqliteHuey("samverk", filename=str(private.folder(settings.instance) / "queue.db"))


def carry(instance: Instance) -> None:
    """Let this process send wake-ups; the queue itself is opened at the first one."""
    global _instance, _queue
    _instance, _queue = instance, None


def wake() -> None:
    """Tell the worker that there is something in the outbox. Never fails a request."""
    global _queue
    if _instance is None or _instance.settings.testing:
        return
    try:
        if _queue is None:
            _queue = queue(_instance.settings)
            _tasks(_queue)
        _queue.samverk_drain()
    except Exception as error:
        log.warning("the worker could not be woken: %s", type(error).__name__)


def _tasks(carrier: Any) -> None:
    from huey import crontab

    def drain() -> None:
        if _instance is not None:
            while outbox.drain(_instance.database, limit=20):
                pass

    def tick() -> None:
        from core import wiring

        if _instance is not None:
            wiring.tick(_instance)
        drain()

    carrier.samverk_drain = carrier.task(name="samverk_drain")(drain)
    carrier.periodic_task(crontab(minute="*"), name="samverk_tick")(tick)


def consume(instance: Instance, workers: int = 2) -> None:
    """Run the worker until it is told to stop."""
    carry(instance)
    carrier = queue(instance.settings)
    _tasks(carrier)
    carrier.samverk_drain()
    carrier.create_consumer(workers=workers, periodic=True, initial_delay=0.1, max_delay=1.0).run()
