"""Who is in the story: two agencies, their client brands and teams. All of them are invented."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts import brand as facts
from core.accounts import service as accounts
from core.accounts import team
from core.accounts.models import Brand, Membership, Person, Workspace
from core.cli.story.stage import Stage, brand_named, playing
from core.places import COUNTRIES

PASSWORD = "samverk-demo-2026"  # noqa: S105 - for the example installation alone, and printed when it is made


@dataclass(frozen=True, slots=True)
class House:
    """A client brand: its agency, where it is, and who does what for it."""

    name: str
    agency: str
    country: str
    legal_name: str
    business_id: str
    address: tuple[str, str, str]
    handles: str
    label: str
    shop: str
    manager: str
    reviewer: str
    finance: str
    owner: str
    colour: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a team; no brand means the whole workspace."""

    name: str
    email: str
    role: str
    country: str
    agency: str
    brand: str = ""


NORDLYS, METSA = "Nordlys Byrå", "Metsä Media Oy"
ADMIN = Member("Ingrid Solvang", "ingrid@nordlys.example.com", "owner", "NO", NORDLYS)
TEAM = (
    Member("Tuuli Metsäranta", "tuuli@metsa.example.com", "owner", "FI", METSA),
    Member("Oskari Lehtovaara", "oskari@metsa.example.com", "manager", "FI", METSA),
    Member("Helmi Kallioinen", "helmi@metsa.example.com", "finance", "FI", METSA),
    Member("Veera Suvanto", "veera@metsa.example.com", "reviewer", "FI", METSA),
    Member("Paavo Rantakivi", "paavo@havsro.example.com", "viewer", "FI", METSA, "Havsro"),
    Member("Linda Sandgren", "linda@havsro.example.com", "guest_reviewer", "FI", METSA, "Havsro"),
    Member("Erik Lindkvist", "erik@nordlys.example.com", "manager", "SE", NORDLYS, "Lilla köket"),
    Member("Silje Fjeldstad", "silje@nordlys.example.com", "manager", "NO", NORDLYS, "Fjellro"),
    Member("Marit Haugland", "marit@nordlys.example.com", "finance", "NO", NORDLYS),
    Member("Jonas Ekhagen", "jonas@nordlys.example.com", "reviewer", "SE", NORDLYS),
    Member("Astrid Bergvall", "astrid@lillakoket.example.com", "viewer", "SE", NORDLYS, "Lilla köket"),
    Member("Tormod Vikane", "tormod@fjellro.example.com", "guest_reviewer", "NO", NORDLYS, "Fjellro"),
)
HOUSES = (
    House(
        "Fjellro", NORDLYS, "NO", "Fjellro Friluft AS", "999 000 025", ("Fjellveien 4", "5019", "Bergen"),
        "@fjellro #fjellro", "Reklame for Fjellro", "FR",
        "silje@nordlys.example.com", "jonas@nordlys.example.com", "marit@nordlys.example.com", ADMIN.email, "#2f5d50",
    ),
    House(
        "Lilla köket", NORDLYS, "SE", "Lilla köket i Skåne AB", "559000-0013", ("Södra Kökgatan 7", "211 34", "Malmö"),
        "@lillakoket #lillakoket", "Reklam för Lilla köket",
        "LK", "erik@nordlys.example.com", "jonas@nordlys.example.com", "marit@nordlys.example.com", ADMIN.email,
        "#a4562f",
    ),
    House(
        "Havsro", METSA, "FI", "Havsro Oy Ab", "9900017-1", ("Rantatie 12", "00150", "Helsinki"),
        "@havsro #havsro", "Mainos Havsro", "HR", "oskari@metsa.example.com",
        "veera@metsa.example.com", "helmi@metsa.example.com", "tuuli@metsa.example.com", "#24525a",
    ),
    House(
        "Suvilumo", METSA, "FI", "Suvilumo Tekstiilit Oy", "9900025-1", ("Kutomonkatu 3", "33210", "Tampere"),
        "@suvilumo #suvilumo", "Mainos Suvilumo", "SL",
        "oskari@metsa.example.com", "veera@metsa.example.com", "helmi@metsa.example.com", "tuuli@metsa.example.com",
        "#6b4e71",
    ),
)  # fmt: skip
HOUSE = {house.name: house for house in HOUSES}


def found(stage: Stage, session: Session) -> None:
    """Make the agencies with their brands, and let each team join by the invitations that it got."""
    first, *others = HOUSES
    place = COUNTRIES[first.country]
    accounts.set_up(
        session, name=ADMIN.name, email=ADMIN.email, password=PASSWORD, locale=place.language, brand_name=first.name,
        country=first.country, currency=place.currency, timezone=place.timezone, agency_name=first.agency,
    )  # fmt: skip
    for house in others:
        _brand(session, house)
    for house in HOUSES:
        row = brand_named(session, house.name)
        street, postcode, town = house.address
        with playing(session, ADMIN.email) as admin:
            facts.edit(
                session, admin, row, name=house.name, country=house.country, handles=house.handles,
                block_selfreg=row.block_selfreg, legal_name=house.legal_name, business_id=house.business_id,
                street=street, postcode=postcode, town=town,
            )  # fmt: skip
    for member in TEAM:
        _join(stage, session, member)
    _hand_over(session)


def _brand(session: Session, house: House) -> None:
    workspace = session.scalar(select(Workspace).where(Workspace.name == house.agency))
    place = COUNTRIES[house.country]
    with playing(session, ADMIN.email) as admin:
        accounts.create_brand(
            session, admin, name=house.name, country=house.country, currency=place.currency, timezone=place.timezone,
            workspace=workspace, agency_name="" if workspace else house.agency,
        )  # fmt: skip


def _join(stage: Stage, session: Session, member: Member) -> None:
    brand = brand_named(session, member.brand or next(h.name for h in HOUSES if h.agency == member.agency))
    place = COUNTRIES[member.country]
    with playing(session, ADMIN.email) as admin:
        link = team.invite_member(
            session, admin, email=member.email, role=member.role, brand=brand, whole_workspace=not member.brand,
            base_url=stage.base, locale=place.language,
        )  # fmt: skip
    person = accounts.create_person(
        session, name=member.name, email=member.email, password=PASSWORD, locale=place.language,
        timezone=place.timezone, accept_privacy=True,
    )  # fmt: skip
    team.join(session, token=link.rsplit("/", 1)[1], person=person)


def _hand_over(session: Session) -> None:
    """The second agency goes on without whoever set the installation up."""
    brand = session.scalars(select(Brand).where(Brand.name == "Havsro")).one()
    helper = (
        select(Membership)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.workspace_id == brand.workspace_id, Person.email == ADMIN.email)
    )
    with playing(session, TEAM[0].email) as owner:
        team.remove_member(session, owner, session.scalars(helper).one(), brand)
