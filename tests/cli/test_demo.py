"""The example installation: everything is in it, the books prove right; web/test_words tells it twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.campaigns.lifecycle import State as CampaignState
from core.campaigns.models import Campaign
from core.cli.demo import demo
from core.collaborations.lifecycle import ContractState, OfferState
from core.collaborations.models import Collaboration, Contract, Offer
from core.content.lifecycle import DeliverableState
from core.content.models import Deliverable, StoredFinding
from core.earnings.models import Earning
from core.influencers.models import Relationship
from core.instance import Instance
from core.ledger.verify import verify
from core.outbox import OutboxJob
from core.payouts.lifecycle import State as PayoutState
from core.payouts.models import Payout
from core.settings import load
from core.tracking.lifecycle import SaleState
from core.tracking.models import Gift, Refund, Sale
from tests import tour
from wsgi import make_app


def opened(folder: Path) -> Instance:
    """The installation in a folder."""
    made = Instance(load({"SAMVERK_INSTANCE": str(folder), "SAMVERK_TESTING": "1"}))
    make_app(made)
    return made


@pytest.fixture(scope="module")
def told(blank_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    example = tour.told(tmp_path_factory, blank_sqlite)
    made = opened(shutil.copytree(example, tmp_path_factory.mktemp("demo") / "one"))
    yield made
    made.database.engine.dispose()


def states(session: Session, table: type[Any]) -> set[str]:
    return set(session.scalars(select(table.state).distinct()))


def test_everything_that_can_be_is_there(told: Instance) -> None:
    with told.database.session() as session:
        assert states(session, Campaign) == set(CampaignState)
        assert states(session, Offer) == set(OfferState)
        assert states(session, Contract) == set(ContractState)
        assert states(session, Deliverable) == set(DeliverableState)
        assert states(session, Gift) >= {"address_missing", "approved", "shipped", "delivered", "returned"}
        assert states(session, Sale) == set(SaleState)
        assert states(session, Earning) >= {"pending", "payable", "in_payout", "paid", "written_off"}
        wanted = {"awaiting_approval", "requires_action", "sent", "received", "failed"}
        assert states(session, Payout) == wanted & set(PayoutState)
        assert states(session, StoredFinding) >= {"open", "waived"}
        assert session.scalar(select(func.count()).select_from(Refund))
        assert (session.scalar(select(func.count()).select_from(Collaboration)) or 0) >= 60
        emails = select(func.count(Relationship.email.distinct()))
        assert (session.scalar(emails) or 0) >= 60


def test_the_books_prove_right_and_nothing_waits_in_the_outbox(told: Instance) -> None:
    with told.database.session() as session:
        assert verify(session).findings == ()
        assert session.scalars(select(OutboxJob.kind).where(OutboxJob.state != "done")).all() == []
    assert any((told.settings.instance / "mail").iterdir())


def test_an_installation_in_use_is_left_alone(told: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.cli.demo.instance", lambda: told)
    monkeypatch.setattr("core.cli.db.upgrade_database", lambda here: None)
    before = tour.digest(told)
    result = CliRunner().invoke(demo, obj=make_app)
    assert result.exit_code == 1 and "This installation is in use" in result.output
    assert tour.digest(told) == before


def test_a_public_address_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public = Instance(
        load({"SAMVERK_INSTANCE": str(tmp_path / "p"), "SAMVERK_BASE_URL": "https://samverk.example.com"})
    )
    monkeypatch.setattr("core.cli.demo.instance", lambda: public)
    result = CliRunner().invoke(demo, obj=make_app)
    assert result.exit_code == 1 and "known password" in result.output
    assert not (tmp_path / "p").exists()
