"""What a sale costs: one more among few and among a million, and many at once against one by one."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core import clock
from core.accounts.models import Brand, Person
from core.campaigns.models import Campaign
from core.cli.bench_results import Results
from core.collaborations import signed
from core.collaborations.models import Collaboration, Contract, Offer, Signature
from core.earnings import service, sold
from core.influencers.models import Relationship
from core.instance import Instance
from core.ledger.verify import verify
from core.money import Money
from core.permissions import Actor
from core.plugin_api.sales_sources import SaleRecord
from core.tracking import sales as tracking
from core.tracking.models import DiscountCode, Sale

FEW, MANY, BATCH, ROUNDS = 1_000, 1_000_000, 100_000, 60
GROWTH, FASTER = 1.5, 100.0


def measure(results: Results, instance: Instance) -> None:
    """Both gates, on collaborations with a commission that never meets its cap."""
    few, many = (_collaboration(instance, name) for name in ("FEW", "MANY"))
    _fill(instance, few, FEW, FEW)
    seconds = _fill(instance, many, MANY, BATCH)
    one = _one_more(instance, few, many)
    ratio = one[many] / one[few]
    name = f"One new sale among {MANY:,}, against one among {FEW:,}"
    results.gate(name, f"{ratio:.2f} ×", f"{GROWTH} ×", ratio <= GROWTH)
    results.reading("One new sale, judged, booked and committed", f"{one[few] * 1000:.1f} ms")
    _batches(results, instance)
    results.reading(f"{MANY:,} sales booked in batches of {BATCH:,}", f"{seconds:.1f} s")
    with instance.database.session() as session:
        found = verify(session)
    if not found.ok:
        raise RuntimeError(f"the books are broken: {found.findings}")


def _one_more(instance: Instance, *codes: str) -> dict[str, float]:
    """The median seconds of a new sale for each of the codes, in turns: as the API takes it, with its commit."""
    times: dict[str, list[float]] = {code: [] for code in codes}
    for turn in range(ROUNDS):
        for code in codes:
            begin = time.process_time()
            with instance.database.write() as session:
                brand_id = session.scalars(select(Brand.id)).one()
                amount = Money(1_000 + turn, "EUR")
                record = SaleRecord(external_id=f"{code}-one-{turn}", amount=amount, at=clock.now(), code=code)
                verdicts = tracking.judge(session, brand_id, [record])
                tracking.book(session, Actor(name="bench"), brand_id=brand_id, source="api", verdicts=verdicts)
            times[code].append(time.process_time() - begin)
    return {code: statistics.median(kept) for code, kept in times.items()}


def _batches(results: Results, instance: Instance) -> None:
    """What the earnings of a sale cost when it is told alone, and when it is one of a hundred thousand."""
    alone, together = (_collaboration(instance, name) for name in ("ALONE", "TOGETHER"))
    with instance.database.write() as session:
        ids = _sell(session, alone, ROUNDS)
    single = statistics.median(_book(instance, alone, [sale_id]) for sale_id in ids)
    with instance.database.write() as session:
        ids = _sell(session, together, BATCH)
    whole = _book(instance, together, ids) / BATCH
    name = f"The earnings of {BATCH:,} sales at once, a sale, against one by one"
    results.gate(name, f"{single / whole:.0f} ×", f"at least {FASTER:.0f} ×", single / whole >= FASTER)
    told = f"alone {single * 1e3:.1f} ms, at once {whole * 1e6:.0f} µs"
    results.reading("The earnings of a sale, with the commit", told)


def _fill(instance: Instance, code: str, count: int, batch: int) -> float:
    """So many sales, in batches; the seconds that booking their earnings took."""
    seconds = 0.0
    for _ in range(0, count, batch):
        with instance.database.write() as session:
            ids = _sell(session, code, batch)
        seconds += _book(instance, code, ids)
    return seconds


def _book(instance: Instance, code: str, ids: Iterable[int]) -> float:
    begin = time.perf_counter()
    with instance.database.write() as session:
        sold.book_sales(session, instance.plugins, _number(session, code), tuple(ids), new=True)
    return time.perf_counter() - begin


def _number(session: Session, code: str) -> int:
    return session.scalars(select(DiscountCode.collaboration_id).where(DiscountCode.code == code)).one()


def _sell(session: Session, code: str, count: int) -> list[int]:
    """Sales that were credited, of the last four weeks, whose earnings are not booked yet; their ids."""
    chance, now, place = random.Random(code), clock.now(), session.get_one(Collaboration, _number(session, code))
    last = session.scalar(select(Sale.id).order_by(Sale.id.desc()).limit(1)) or 0
    rows = [
        {
            "brand_id": place.brand_id,
            "public_id": f"{last + number:014d}",
            "external_id": f"{code}-{last + number}",
            "source": "api",
            "code": code,
            "collaboration_id": place.id,
            "amount_minor": chance.randrange(100, 20_000),
            "currency": place.currency,
            "sold_at": now - timedelta(minutes=chance.randrange(28 * 24 * 60)),
            "state": "credited",
        }
        for number in range(1, count + 1)
    ]
    session.connection().execute(insert(Sale), rows)
    return list(session.scalars(select(Sale.id).where(Sale.id > last).order_by(Sale.id)))


def _collaboration(instance: Instance, code: str) -> str:
    """A signed collaboration with a commission of 12.5 %, credited by a code."""
    pay = {"currency": "EUR", "values": {"percent": "12.5", "cap": 10**12}}
    with instance.database.write() as session:
        brand = session.scalars(select(Brand)).one()
        campaign = session.scalars(select(Campaign).order_by(Campaign.id).limit(1)).one()
        known = Relationship(
            brand_id=brand.id, identity_key=f"bench:{code}", display_name=f"Bench {code}", country="FI"
        )
        session.add(known)
        session.flush()
        made = Collaboration(
            brand_id=brand.id,
            campaign_id=campaign.id,
            relationship_id=known.id,
            state="in_progress",
            invitation_hash=code.rjust(64, "0"),
            invitation_expires_at=clock.now(),
            currency="EUR",
            committed_minor=0,
        )
        session.add(made)
        session.flush()
        offer = Offer(
            brand_id=brand.id,
            collaboration_id=made.id,
            number=1,
            proposed_by="brand",
            state="accepted",
            components=[{"id": "c1", "model": "commission", "version": "1", "terms": pay}],
            brief_number=1,
            expires_at=clock.now(),
            deliverables=[],
        )
        session.add(offer)
        session.flush()
        contract = Contract(
            brand_id=brand.id,
            collaboration_id=made.id,
            offer_id=offer.id,
            number=f"bench-{code}",
            state="active",
            document={"pay": signed.to_json(instance.plugins, offer, Money(10**12, "EUR"))},
            sha256="0" * 64,
        )
        session.add(contract)
        session.add(DiscountCode(brand_id=brand.id, collaboration_id=made.id, code=code))
        session.flush()
        _sign(session, contract)
        service.recompute(session, instance.plugins, made.id)
    return code


def _sign(session: Session, contract: Contract) -> None:
    """A signature of long ago, so that all sales come after it."""
    session.add(
        Signature(
            brand_id=contract.brand_id,
            contract_id=contract.id,
            party="brand",
            person_id=session.scalars(select(Person.id)).first(),
            typed_name="Bench Owner",
            locale="en",
            sha256=contract.sha256,
            signed_at=clock.now() - timedelta(days=60),
        )
    )
