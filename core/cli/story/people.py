"""Influencers: invented names and figures, brought in by the import; some are vetted, some have an account."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts import service as accounts
from core.accounts.models import Person
from core.cli.story.cast import HOUSE, PASSWORD, House
from core.cli.story.stage import SEED, Stage, brand_named, playing
from core.collaborations import service as offers
from core.influencers import service as people
from core.influencers.importing import Importer
from core.influencers.models import Influencer, Relationship
from core.influencers.vocabulary import CRITERIA
from core.payouts import service as payouts
from core.places import COUNTRIES

FIRST = {
    "FI": (
        "Aava Eeli Hilla Ilmari Kerttu Lumi Manu Neea Onni Pihla Roope Saima Taimi Urho Vilja Ylva "
        "Kaisla Touko Elmo Unna Sampo Minttu"
    ),
    "SE": (
        "Alva Bror Ebba Folke Greta Hjalmar Isa Juni Knut Lovis Majken Nils Ottilia Pim Rut Sixten Tyra Ville Wilda Åke"
    ),
    "NO": ("Aksel Brage Embla Frøya Gard Hedda Iben Jens Kaia Leif Mikal Nora Odin Ragna Sindre Tiril Ulrik Vilde"),
}
LAST = {
    "FI": (
        "Aallokas Haapavuo Iltaruska Jokiranta Kaarnametsä Lumivirta Metsäkero Niittykoski Orvokkila "
        "Pihlajasuo Rantakero Saarenpuro Tuulikari Usvalampi Vaahterikko"
    ),
    "SE": (
        "Almkulla Björklunda Drakeborg Ekskogen Fagerviken Granhult Havtorn Klövermark Lindhage "
        "Mossberga Nordäng Rönnhult Sjökvist Tallmo Ängsrud"
    ),
    "NO": (
        "Aursund Bjørkedalen Dalvang Eikeland Fossvoll Granmo Havnås Kvitfjord Lyngmo Myrlund Nesheim "
        "Rognbu Skarvang Tinddal Ulvik"
    ),
}
TOWNS = {
    "FI": (("00500", "Helsinki"), ("33200", "Tampere"), ("20100", "Turku"), ("90100", "Oulu"), ("40100", "Jyväskylä")),
    "SE": (("118 26", "Stockholm"), ("413 01", "Göteborg"), ("211 20", "Malmö"), ("903 26", "Umeå")),
    "NO": (("0178", "Oslo"), ("5003", "Bergen"), ("7011", "Trondheim"), ("9008", "Tromsø")),
}
STREETS = {"FI": "Harjukatu", "SE": "Björkgatan", "NO": "Fjellveien"}
NICHES = {
    "FI": ("ihonhoito", "sisustus", "ruoka", "arki", "hyvinvointi", "mökkielämä"),
    "SE": ("mat", "bakning", "vardag", "inredning", "odling", "familjeliv"),
    "NO": ("friluft", "trening", "fjelltur", "familie", "strikk", "reise"),
}
PLATFORMS = ("Instagram", "Instagram", "Instagram", "TikTok", "TikTok", "YouTube", "Blog")
HEADERS = {
    "FI": "Nimi;Sähköposti;Maa;Kieli;Aihe;Alusta;Käyttäjätunnus;Seuraajat;Julkaisut;Tykkäykset;Kommentit;Jaot;Mitattu;"
    "Tunnisteet;Kaupunki;Postinumero;Katuosoite;Huomautus",
    "SE": "Namn;E-post;Land;Språk;Ämne;Plattform;Användarnamn;Följare;Inlägg;Gilla;Kommentarer;Delningar;Mätt;Taggar;"
    "Ort;Postnummer;Gatuadress;Anteckning",
    "NO": "Navn;E-post;Land;Språk;Emne;Plattform;Brukernavn;Følgere;Innlegg;Liker;Kommentarer;Delinger;Målt;Tagger;"
    "Sted;Postnummer;Gateadresse;Notat",
}
NOTES = {
    "FI": ("Vastaa nopeasti.", "Toivoo yhteistyötä syksylle.", "Tavattu messuilla.", ""),
    "SE": ("Svarar snabbt.", "Vill gärna ha längre samarbeten.", "Träffades på mässan.", ""),
    "NO": ("Svarer raskt.", "Vil gjerne ha lengre samarbeid.", "Møttes på messen.", ""),
}
ON_LIST = {"Havsro": (0, 22), "Suvilumo": (8, 22), "Lilla köket": (0, 20), "Fjellro": (0, 18)}


@dataclass(frozen=True, slots=True)
class Star:
    """An influencer of the story."""

    name: str
    country: str
    platform: str
    followers: int
    row: tuple[str, ...]
    place: tuple[str, str]
    number: int

    @property
    def email(self) -> str:
        """Where mail reaches them."""
        return self.row[1]

    @property
    def handle(self) -> str:
        """Their account."""
        return self.row[6].removeprefix("@")


@cache
def stars(country: str) -> tuple[Star, ...]:
    """The influencers of a country, always the same."""
    rng = random.Random(f"{SEED}{country}")
    return tuple(_star(rng, country, number) for number in range(len(FIRST[country].split())))


def _star(rng: random.Random, country: str, number: int) -> Star:
    family = LAST[country].split()
    name = f"{FIRST[country].split()[number]} {family[number % len(family)]}"
    plain = name.lower().translate(str.maketrans("äöåøæ ", "aoaoa."))
    platform = PLATFORMS[rng.randrange(len(PLATFORMS))]
    followers = rng.choice((640, 2_300, 5_800, 9_400, 14_200, 21_500, 38_000, 64_000, 118_000, 240_000))
    followers += rng.randrange(followers // 3)
    posts = rng.randrange(8, 25)
    likes = followers * posts * rng.randrange(8, 62) // 1000
    handle = plain.replace(".", "") if platform != "Blog" else f"https://{plain.replace('.', '')}.example/"
    place, niche = rng.choice(TOWNS[country]), rng.choice(NICHES[country])
    figures = [f"{followers:,}".replace(",", " "), str(posts), str(likes), str(likes // 24), str(likes // 90)]
    if platform == "Blog":
        figures[1:] = ["", "", "", ""]
    row = (
        name, f"{plain}@example.com", country, COUNTRIES[country].language, niche, platform, handle, *figures,
        "12.5.2026", f"{niche}, {place[1].lower()}", place[1], place[0],
        f"{STREETS[country]} {rng.randrange(1, 60)}", rng.choice(NOTES[country]),
    )  # fmt: skip
    return Star(name, country, platform, followers, row, place, number)


def stars_of(house: House) -> tuple[Star, ...]:
    """Those whom a brand knows."""
    first, last = ON_LIST[house.name]
    return stars(house.country)[first:last]


def bring_in(stage: Stage, session: Session, house: House) -> None:
    """Import a brand's list from a table in the brand's language; one row of it cannot be read."""
    broken = "Testi;ei-osoite;;;;;;;;;;;;;;;;"
    table = [HEADERS[house.country], *(";".join(star.row) for star in stars_of(house)), broken]
    brand, importer = brand_named(session, house.name), Importer(stage.here.files, stage.here.keyring)
    with playing(session, house.manager) as actor:
        batch = importer.start(
            session, actor, brand=brand, name=f"{house.shop.lower()}-influencers.csv", raw="\n".join(table).encode()
        )
        importer.check(session, actor, batch=batch, mapping=batch.mapping)
        importer.apply(session, actor, batch=batch)


def vet(stage: Stage, session: Session, house: House) -> None:
    """Judge about four in five of a brand's list; one or two do not pass."""
    with playing(session, house.manager) as actor:
        for star in stars_of(house):
            row, luck = known(session, house, star), stage.rng.random()
            if luck > 0.84:
                continue
            passed = luck > 0.06
            scores = {code: (stage.rng.randrange(3 if passed else 1, 6 if passed else 3), "") for code in CRITERIA}
            words = "" if passed else {"FI": "Seuraajat vaikuttavat ostetuilta.", "SE": "Följarna verkar köpta."}.get(
                house.country, "Følgerne virker kjøpt."
            )  # fmt: skip
            people.vet(session, actor, relationship=row, scores=scores, passed=passed, summary=words)


def known(session: Session, house: House, star: Star) -> Relationship:
    """What a brand knows of somebody."""
    brand = brand_named(session, house.name)
    mine = Relationship.brand_id == brand.id, Relationship.email == star.email
    return session.scalars(select(Relationship).where(*mine)).one()


def join(stage: Stage, session: Session, star: Star) -> Influencer:
    """The person's own account, made at the first invitation, and where their money goes."""
    place = COUNTRIES[star.country]
    person = session.scalar(select(Person).where(Person.email == star.email))
    if person is None:
        person = accounts.create_person(
            session, name=star.name, email=star.email, password=PASSWORD, locale=place.language,
            timezone=place.timezone, accept_privacy=True,
        )  # fmt: skip
    return offers.enroll(session, person, display_name=star.name, country=star.country, accept_privacy=True)


def bank(stage: Stage, session: Session, star: Star) -> None:
    """Enter a bank account that does not exist, and a tax number that nobody has."""
    with playing(session, star.email) as actor:
        payouts.save_method(
            session, stage.here.keyring, actor, payee_name=star.name, iban=_iban(star), street=STREETS[star.country],
            building=str(star.number + 1), postcode=star.place[0], town=star.place[1], country=star.country,
            tax_country=star.country, tax_id=_tax_id(star), business=True, base_url=stage.base,
        )  # fmt: skip


def _iban(star: Star) -> str:
    body = {"FI": f"999{star.number:011d}", "SE": f"999{star.number:017d}", "NO": f"9999{star.number:07d}"}
    digits = body[star.country] + "".join(str(int(char, 36)) for char in star.country) + "00"
    return f"{star.country}{98 - int(digits) % 97:02d}{body[star.country]}"


def _tax_id(star: Star) -> str:
    form, width, first = {
        "FI": ("fi.ytunnus", 8, 9_000_000), "SE": ("se.orgnr", 10, 990_000_000), "NO": ("no.orgnr", 9, 70_000_000),
    }[star.country]  # fmt: skip
    module = import_module(f"stdnum.{form}")
    wanted = (str(n).zfill(width) for n in range((first + star.number * 10) * 10, (first + star.number * 10 + 10) * 10))
    return next(number for number in wanted if module.is_valid(number))


def everybody() -> list[Star]:
    """All influencers of the story."""
    return [star for country in ("FI", "SE", "NO") for star in stars(country)]


def house_of(name: str) -> House:
    """A brand of the story."""
    return HOUSE[name]
