"""A process that serves: a board of its calls, and a thread that carries how its plugins do to the database.

Soon after a failure, else every 5 s.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from contextlib import suppress
from pathlib import Path

from core.database import Database
from core.plugin_host import board
from core.plugin_host.host import PluginHost
from core.plugin_host.pausing import sync

EVERY = 5.0
AT_MOST = 0.5
log = logging.getLogger("samverk.plugins")


def serve(host: PluginHost, database: Database, instance: Path) -> None:
    """Let this process serve: calls stand on its board, a stuck one ends it, and its plugins' health is kept.

    Plugins that an earlier process was stuck in are paused before this returns.
    """
    folder = instance / board.FOLDER
    host.fence.health.found_stuck(board.leftovers(folder))
    host.fence.watch.serve(board.Board(folder))
    atexit.register(_last, host, database)
    threading.Thread(target=_keep, args=(host, database, folder), name="plugin-serving", daemon=True).start()


def _last(host: PluginHost, database: Database) -> None:
    """A process that ends well writes down the rest and takes its board away."""
    with suppress(Exception):
        sync(database, host.fence.health)
    if host.fence.watch.board is not None:
        host.fence.watch.board.close()


def _keep(host: PluginHost, database: Database, folder: Path) -> None:
    while True:
        board.look_around(folder)  # a neighbour that a plugin holds in C is seen here when nobody else looks
        try:
            sync(database, host.fence.health)
        except Exception as error:  # the database may be away; what was seen is kept until it is back
            log.warning("how plugins do could not be written down: %s", type(error).__name__)
            time.sleep(EVERY)
        time.sleep(AT_MOST)
        host.fence.health.news.wait(EVERY)
