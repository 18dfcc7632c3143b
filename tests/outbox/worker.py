"""A worker process for the kill tests: it tells where it is, and stops there to be killed.

`python -m tests.outbox.worker URL POINT COUNT` stops where POINT is reached for the n-th time:
`claimed` between claim and job, `written` in the job after its write, `committed` after the
commit, `none` never. Each place is a line on stdout.
"""

from __future__ import annotations

import sys
from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

import core.accounts.models  # noqa: F401 - the tables that ours refer to
from core import audit, outbox
from core.database import Database
from core.permissions import SYSTEM


def main(url: str, point: str, count: str) -> None:
    """Drain the outbox, telling and stopping at one point."""

    seen: Counter[str] = Counter()

    def tell(place: str) -> None:
        sys.stdout.write(f"{place}\n")
        sys.stdout.flush()
        seen[place] += 1
        if place == point and seen[place] == int(count):
            sys.stdin.read()

    def work(session: Session, payload: dict[str, Any]) -> None:
        audit.record(session, actor=SYSTEM, brand_id=1, action="worked", detail=payload)
        session.flush()
        tell("written")

    outbox.register("work", work, lease=timedelta(0))
    run = outbox._run

    def watched(database: Database, claim: Any) -> None:
        tell("claimed")
        run(database, claim)
        tell("committed")

    outbox._run = watched
    outbox.drain(Database(url))


if __name__ == "__main__":
    main(*sys.argv[1:])
