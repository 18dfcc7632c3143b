"""An installation with a plugin that lives through several starts, and what happens in it."""

# ruff: noqa: F811 - fixtures come from the neighbours

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select, text

from core import clock, events, outbox, wiring
from core.campaigns.models import BriefVersion
from core.content.events import DeliverableApproved
from core.content.models import Deliverable
from core.earnings.models import ComponentHold, Earning
from core.instance import Instance
from core.plugin_api.text import Text
from core.plugin_host.saving import save_settings
from core.plugin_host.service import set_switch
from tests.collaborations import stage as theatre
from tests.plugin_host.tipping import Site, command, restarted, site, tips  # noqa: F401 - one is a fixture
from tests.tour import kind_of, links
from tests.world import World, build, sign_in

TIP = {"id": "c1", "model": "tip", "version": "1", "terms": {"currency": "EUR", "values": {"amount": 5_000}}}
BOTH = [TIP, {**theatre.fixed(60_000), "id": "c2"}]


class Life:
    """An installation over several starts, with what happened in it."""

    def __init__(self, site: Site, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
        self.site, self.here, self.monkeypatch = site, instance, monkeypatch
        self.world: World
        self.deal: int
        self.offered: str

    def restart(self) -> None:
        """A new process."""
        self.here.database.engine.dispose()
        self.here = restarted(self.here)
        wiring.connect(self.here)
        self.monkeypatch.setattr(theatre, "host", lambda: self.here.plugins)

    def minute(self) -> None:
        """The worker's clock, and all that it has to do."""
        wiring.tick(self.here)
        while outbox.drain(self.here.database):
            pass

    def upgraded(self) -> None:
        """Edition after edition is put into service."""
        assert command(self.here, "plugin", "upgrade", "tips").exit_code == 0
        self.restart()
        self.minute()

    def fill(self) -> None:
        """A signed deal, one that waits for signatures, an offer, notes, a setting and a secret."""
        with self.here.database.write() as session:
            self.world = build(session)
            stage = theatre.build(session, self.world)
            session.scalars(select(BriefVersion)).one().lines = []
            made, _ = stage.signed(components=BOTH)
            self.deal = made.id
            for name in ("Bea", "Cia"):
                known = theatre.person(session, self.world, name, f"{name}@example.com")
                offer = stage.offer(attach=False, components=BOTH, relationship=known)
                self.offered = offer.public_id
            raw = {"key": "tippy-top-secret", "tone": "kind"}
            brand = self.world.brand
            save_settings(
                session, self.world.owner, self.here.plugins, self.here.keyring, plugin="tips", brand=brand, raw=raw
            )  # fmt: skip
        self.minute()

    def approve(self, position: int) -> None:
        """A deliverable of the signed deal is approved."""
        with self.here.database.write() as session:
            row = session.scalars(
                select(Deliverable).where(Deliverable.collaboration_id == self.deal).order_by(Deliverable.position)
            ).all()[position]
            row.state, row.approved_at = "approved", clock.now()
            session.flush()
            events.publish(session, DeliverableApproved(deliverable_id=row.id, collaboration_id=self.deal))

    def earned(self, component: str = "c1") -> int:
        """What a component has earned, in minor units."""
        with self.here.database.session() as session:
            which = select(Earning.amount_minor).where(
                Earning.collaboration_id == self.deal, Earning.component_id == component
            )
            return sum(session.scalars(which))

    def holds(self) -> list[str]:
        """The components that are on hold, each with why."""
        with self.here.database.session() as session:
            rows = session.scalars(select(ComponentHold).where(ComponentHold.resolved_at.is_(None)))
            return [f"{row.component_id}: {row.model}" for row in rows]

    def reason(self, component: str) -> Text:
        """Why a component is on hold."""
        with self.here.database.session() as session:
            row = session.scalars(select(ComponentHold).where(ComponentHold.component_id == component)).one()
            return Text.from_json(row.reason)

    def notes(self) -> list[str]:
        """The words of the plugin's rows."""
        with self.here.database.engine.connect() as connection:
            return list(connection.execute(text("select words from x_tips_note order by words")).scalars())

    def app(self) -> Flask:
        """The pages."""
        from wsgi import make_app

        app = make_app(self.here)
        app.config["WTF_CSRF_ENABLED"] = False
        return app

    def walk(self) -> dict[str, str]:
        """Every page that the owner and the influencer reach, none broken."""
        app, seen = self.app(), {}
        for who, start in (("owner", "/admin/"), ("influencer", "/portal/")):
            browser, todo, counts = sign_in(app.test_client(), who), [start], {}
            while todo:
                path = todo.pop(0)
                kind = (who, kind_of(app, path))
                counts[kind] = counts.get(kind, 0) + 1
                if (who, path) in seen or counts[kind] > 6:
                    continue
                answer = browser.get(path, buffered=True)
                assert answer.status_code < 500, f"{path} is broken for {who}"
                seen[who, path] = answer.text if answer.mimetype == "text/html" else ""
                todo += sorted(set(links(seen[who, path])) - {there for _, there in seen})
        assert len(seen) > 40
        return {path: html for (_, path), html in seen.items()}


@pytest.fixture
def life(site: Site, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Life]:
    """The first edition is installed and has done something."""
    site.install(1)
    made = Life(site, instance, monkeypatch)
    made.upgraded()
    made.fill()
    made.approve(0)
    assert (made.earned(), made.holds()) == (5_000, [])
    yield made
    made.here.database.engine.dispose()


def switch(life: Life, on: bool, *, brand: bool = False) -> None:
    with life.here.database.write() as session:
        brand_id = life.world.brand.id if brand else None
        set_switch(session, life.world.owner, plugin="tips", enabled=on, brand_id=brand_id)


def offers_tip(life: Life) -> bool:
    """Whether the brand may put a tip into a new offer."""
    from core.plugin_host.service import switches

    with life.here.database.session() as session:
        return "tip" in life.here.plugins.enabled("payment_models", switches(session, life.world.brand.id))
