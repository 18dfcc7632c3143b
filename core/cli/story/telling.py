"""The whole story from the founding to the last day, and what may be said about it afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from core.accounts.models import Brand, Person
from core.cli.story import campaigns, cast, money, people
from core.cli.story.stage import DAYS, Stage
from core.collaborations.models import Collaboration
from core.influencers.models import Influencer
from core.instance import Instance

UNTIL = date(2026, 11, 20)


def is_empty(session: Session) -> bool:
    """Whether nobody has used the installation yet."""
    return not any(session.scalar(select(table.id).limit(1)) for table in (Person, Brand))


def tell(here: Instance, until: date = UNTIL) -> None:
    """Fill an empty, connected installation: the same rows each time."""
    stage = Stage(here, until)
    with _hurry(here.database.engine), stage.curtain():
        stage.at(-DAYS - 4, partial(cast.found, stage), 8)
        for house in cast.HOUSES:
            stage.at(-DAYS - 3, partial(_bring_in, stage, house), 9)
        campaigns.schedule(stage)
        money.schedule(stage)
        stage.play()


@contextmanager
def _hurry(engine: Engine) -> Iterator[None]:
    """Let SQLite not wait for the disk at each of thousands of commits: a story cut short is told anew."""
    if engine.dialect.name != "sqlite":
        yield
        return
    engine.dispose()
    event.listen(engine, "connect", _no_waiting)
    try:
        yield
    finally:
        event.remove(engine, "connect", _no_waiting)
        engine.dispose()


def _no_waiting(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _bring_in(stage: Stage, house: cast.House, session: Session) -> None:
    people.bring_in(stage, session, house)
    session.flush()
    people.vet(stage, session, house)


def influencers(session: Session, most: int = 4) -> list[tuple[str, str, str]]:
    """Those with the most collaborations: address, name and brands."""
    count = func.count(Collaboration.id)
    rows = session.execute(
        select(Person, Influencer.id)
        .join(Influencer, Influencer.person_id == Person.id)
        .join(Collaboration, Collaboration.influencer_id == Influencer.id)
        .group_by(Person.id, Influencer.id)
        .order_by(count.desc(), Person.id)
        .limit(most)
    ).all()
    names = select(Brand.name).join(Collaboration, Collaboration.brand_id == Brand.id).distinct().order_by(Brand.name)
    return [
        (person.email, person.name, ", ".join(session.scalars(names.where(Collaboration.influencer_id == own))))
        for person, own in rows
    ]
