"""The installation that `make bench` measures: filled through the services, thrown away afterwards."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from core.accounts import service as accounts
from core.accounts.models import Brand, Person
from core.campaigns import service as campaigns
from core.cli.db import upgrade_database
from core.influencers.importing import Importer
from core.instance import Instance
from core.ledger import postings
from core.ledger.service import post_many
from core.money import Money
from core.permissions import Actor
from core.settings import load

BRAND = "Bench"
EMAIL, PASSWORD = "bench@example.com", "measured and thrown away"
COUNTRIES = ("FI", "SE", "NO", "DK")
PLATFORMS = ("Instagram", "TikTok", "YouTube")
TAGS = ("food", "outdoors", "skin care", "home", "games")
HEADERS = ("Name", "E-mail", "Country", "Platform", "Account", "Followers", "Engagement rate %", "Tags")


@contextmanager
def installation() -> Iterator[tuple[Instance, Flask]]:
    """An installation in a temporary folder, set up with one brand, and its application."""
    from wsgi import make_app

    with TemporaryDirectory(prefix="samverk-bench-") as folder:
        instance = Instance(load({"SAMVERK_INSTANCE": folder}))
        upgrade_database(instance)
        with instance.database.write() as session:
            _, brand = accounts.set_up(
                session,
                name="Bench Owner",
                email=EMAIL,
                password=PASSWORD,
                locale="en",
                brand_name=BRAND,
                country="FI",
                currency="EUR",
            )
            brand.legal_name, brand.business_id = f"{BRAND} Oy", "9900017-1"
            brand.street, brand.postcode, brand.town = "Rantatie 12", "00150", "Helsinki"
        yield instance, make_app(instance)
        instance.database.engine.dispose()


def signed_in(app: Flask) -> FlaskClient:
    """A browser of the brand's owner."""
    client = app.test_client()
    app.config["WTF_CSRF_ENABLED"] = False
    answer = client.post("/sign-in", data={"email": EMAIL, "password": PASSWORD})
    app.config["WTF_CSRF_ENABLED"] = True
    if answer.status_code != 303:
        raise RuntimeError(f"could not sign in: {answer.status}")
    return client


def write_people(path: Path, count: int, name: str) -> None:
    """A CSV of made-up influencers, the same each time; `name` keeps two files apart."""
    chance = random.Random(name)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow(HEADERS)
        for number in range(count):
            out.writerow(
                (
                    f"{name.title()} Person {number}",
                    f"{name}{number}@example.com",
                    chance.choice(COUNTRIES),
                    chance.choice(PLATFORMS),
                    f"{name}_{number}",
                    chance.randrange(500, 2_000_000),
                    f"{chance.randrange(5, 900) / 100:.2f}",
                    ", ".join(chance.sample(TAGS, 2)),
                )
            )


def import_people(instance: Instance, path: Path) -> None:
    """Bring a short file in, as the browser does."""
    importer = Importer(instance.files, instance.keyring)
    with instance.database.write() as session:
        brand, actor = _hands(session)
        batch = importer.start(session, actor, brand=brand, name=path.name, raw=path.read_bytes())
        importer.check(session, actor, batch=batch, mapping=batch.mapping)
        importer.apply(session, actor, batch=batch)
        if batch.state != "done":
            raise RuntimeError(f"the import stands at {batch.state}")


def plan_campaigns(instance: Instance, count: int) -> None:
    """Launched campaigns with goal, audience, brief and budget, each with a part of its budget reserved."""
    with instance.database.write() as session:
        brand, actor = _hands(session)
        for number in range(count):
            made = campaigns.create_campaign(session, actor, brand, name=f"Campaign number {number}")
            campaigns.save_basics(
                session,
                actor,
                made,
                name=made.name,
                goals=["awareness"],
                goal_note="",
                product="Serum",
                markets=["FI", "SE"],
                categories=[],
                starts_on=date(2026, 1, 1),
                ends_on=date(2026, 12, 1 + number % 28),
            )
            campaigns.save_audience(session, actor, made, age_from=18, age_to=45, texts={})
            lines = [{"field": "messages", "mark": "must", "text": "Show the bottle."}]
            campaigns.save_brief(session, actor, made, lines=lines)
            campaigns.save_budget(
                session,
                actor,
                made,
                budget=Money(1_000_000 + number, "EUR"),
                due_days=14,
                hold_days=14,
                review_days=3,
                revision_rounds=2,
                offer_days=7,
            )
            campaigns.launch(session, actor, made)
            voucher = postings.Voucher(brand.id, f"bench:commit:{made.id}", ("campaign", made.id), date(2026, 1, 1))
            postings.commit_budget(session, voucher, campaign_id=made.id, amount=Money(250_000 + number, "EUR"))


def book_earnings(instance: Instance, count: int, batch: int) -> None:
    """Book earnings, `batch` to a transaction of the database."""
    with instance.database.session() as session:
        brand_id = session.scalars(select(Brand.id)).one()
    for start in range(0, count, batch):
        with instance.database.write() as session:
            post_many(
                session,
                [
                    postings.accrual(
                        postings.Voucher(brand_id, f"bench:{number}", ("bench", number), date(2026, 1, 1)),
                        campaign_id=1 + number % 50,
                        collab_id=1 + number % 500,
                        amount=Money(100 + number, "EUR"),
                    )
                    for number in range(start, min(start + batch, count))
                ],
            )


def statements(instance: Instance, client: FlaskClient, url: str) -> list[tuple[str, tuple[Any, ...]]]:
    """The SQL statements that a page asks, with their parameters; beginning and ending a transaction are none."""
    asked: list[tuple[str, tuple[Any, ...]]] = []

    def note(_connection: object, _cursor: object, statement: str, given: tuple[Any, ...], *_: object) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            asked.append((statement, given))

    engine = instance.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        answer = client.get(url)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    if answer.status_code != 200:
        raise RuntimeError(f"{url} answered {answer.status}")
    return asked


def _hands(session: Session) -> tuple[Brand, Actor]:
    """The brand and its owner."""
    owner = session.scalars(select(Person).where(Person.email == EMAIL)).one()
    return session.scalars(select(Brand)).one(), accounts.actor_of(session, owner)
