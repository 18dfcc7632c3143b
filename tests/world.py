"""A small world that tests start from, made through the services where they exist."""

from __future__ import annotations

from dataclasses import dataclass

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from core.accounts import service as accounts
from core.accounts.models import Brand, Membership, Person
from core.influencers.models import Influencer
from core.permissions import Actor, Role

PASSWORD = "nobody guesses this one"


@dataclass(frozen=True)
class World:
    """Two brands of two workspaces; people by role in the first; one influencer."""

    brand: Brand
    other_brand: Brand
    people: dict[str, Person]
    actors: dict[str, Actor]
    influencer: Influencer

    @property
    def owner(self) -> Actor:
        """The owner of the first brand, who is the installation admin."""
        return self.actors["owner"]

    @property
    def outsider(self) -> Actor:
        """The owner of the other brand."""
        return self.actors["outsider"]

    @property
    def creator(self) -> Actor:
        """The influencer."""
        return self.actors["influencer"]


def build(session: Session) -> World:
    """Make the world; nothing is committed here."""
    people: dict[str, Person] = {}
    people["owner"], brand = accounts.set_up(
        session,
        name="Olga Owner",
        email="owner@example.com",
        password=PASSWORD,
        locale="en",
        brand_name="Havsro",
        country="FI",
        currency="EUR",
    )
    identify(brand)
    for role in Role:
        if role != Role.OWNER:
            people[role] = _person(session, role)
            session.add(
                Membership(person_id=people[role].id, workspace_id=brand.workspace_id, brand_id=brand.id, role=role)
            )
    people["outsider"] = _person(session, "outsider")
    other = accounts.create_brand(
        session,
        accounts.actor_of(session, people["owner"]),
        name="Fjellro",
        country="NO",
        currency="NOK",
        timezone="Europe/Oslo",
    )
    identify(other)
    session.flush()
    for member in session.query(Membership).filter_by(workspace_id=other.workspace_id):
        member.person_id = people["outsider"].id
    people["influencer"] = _person(session, "influencer")
    influencer = Influencer(person_id=people["influencer"].id, display_name="Aino Laine", country="FI")
    session.add(influencer)
    session.flush()
    actors = {name: accounts.actor_of(session, person) for name, person in people.items()}
    return World(brand, other, people, actors, influencer)


def identify(brand: Brand) -> None:
    """What a contract needs to know of a brand."""
    brand.legal_name, brand.business_id = f"{brand.name} Oy Ab", "9900017-1"
    brand.street, brand.postcode, brand.town = "Rantatie 12", "00150", "Helsinki"


def _person(session: Session, name: str) -> Person:
    return accounts.create_person(
        session,
        name=name.replace("_", " ").title(),
        email=f"{name}@example.com",
        password=PASSWORD,
        locale="en",
        accept_privacy=name == "influencer",
    )


def sign_in(client: FlaskClient, name: str) -> FlaskClient:
    """Sign a browser in as one of the world's people."""
    response = client.post("/sign-in", data={"email": f"{name}@example.com", "password": PASSWORD})
    assert response.status_code == 303, response.text
    return client
