"""The stage: a clock that moves from deed to deed, chance that repeats, and who may act."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import chance, clock, outbox, wiring
from core.accounts import service as accounts
from core.accounts.models import Brand, Person
from core.i18n import in_locale
from core.instance import Instance
from core.permissions import Actor
from core.plugin_host.host import PluginHost

SEED = 2026
DAYS = 184
Deed = Callable[[Session], object]


@dataclass
class Stage:
    """What every chapter shares. Deeds are put on the agenda by day before the end (-30) and hour, then played."""

    here: Instance
    until: date
    rng: random.Random = field(default_factory=lambda: random.Random(SEED))
    moment: datetime = field(init=False)
    _agenda: list[tuple[datetime, int, Deed]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        """The story begins before its first deed."""
        self.moment = self.when(-DAYS - 4, 8)

    @property
    def host(self) -> PluginHost:
        """The plugins."""
        return self.here.plugins

    @property
    def base(self) -> str:
        """The address that links in mails begin with."""
        return self.here.settings.base_url

    def day(self, number: int) -> date:
        """The day so many days from the end; days before it are negative."""
        return self.until + timedelta(days=number)

    def when(self, number: int, hour: int = 9, minute: int = 0) -> datetime:
        """A moment of that day."""
        return datetime.combine(self.day(number), time(hour, minute), UTC)

    def at(self, number: int, deed: Deed, hour: int = 9) -> None:
        """Put a deed on the agenda. What would come after the end is not done."""
        if number <= 0:
            moment = self.when(number, hour, self.rng.randrange(60))
            heapq.heappush(self._agenda, (moment, next(self._order), deed))

    def play(self) -> None:
        """Do all deeds in the order of time; every night the worker and the calendar have their turn."""
        while self._agenda:
            moment, _, deed = heapq.heappop(self._agenda)
            while self.moment.date() < moment.date():
                self._night()
            self.moment = max(moment, self.moment)
            with self.here.database.write() as session:
                deed(session)
        self._night()

    def _night(self) -> None:
        outbox.drain(self.here.database, 10_000)
        wiring.tick(self.here)
        outbox.drain(self.here.database, 10_000)
        self.moment = datetime.combine(self.moment.date() + timedelta(days=1), time(0, 30), UTC)

    @contextmanager
    def curtain(self) -> Iterator[None]:
        """Let clock and ids be the story's while it is told."""
        with ExitStack() as stack:
            stack.enter_context(clock.frozen(lambda: self.moment))
            stack.enter_context(chance.seeded(random.Random(SEED + 1)))
            yield


@contextmanager
def playing(session: Session, email: str) -> Iterator[Actor]:
    """Act as somebody, in their language."""
    person = session.scalars(select(Person).where(Person.email == email)).one()
    with in_locale(person.locale, person.timezone):
        yield accounts.actor_of(session, person)


def brand_named(session: Session, name: str) -> Brand:
    """A brand of the story."""
    return session.scalars(select(Brand).where(Brand.name == name)).one()
