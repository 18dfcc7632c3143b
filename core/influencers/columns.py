"""The columns that a file of influencers may have, and what people call them in four languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from core.csv_input import plain_header
from core.i18n import LOCALES, in_locale
from core.plugin_api.text import T, Text


class Field(NamedTuple):
    """A field that a column of a file can be matched to."""

    name: Text
    words: str  # separated by `|`, in en, fi, sv, nb; case, spaces and hyphens make no difference
    limit: int = 120


FIELDS: dict[str, Field] = {
    "name": Field(
        T("Name"), "name|full name|influencer|creator|nimi|koko nimi|vaikuttaja|namn|fullständigt namn|navn|fullt navn"
    ),
    "first_name": Field(T("First name"), "first name|given name|etunimi|förnamn|fornavn", 60),
    "last_name": Field(T("Last name"), "last name|surname|family name|sukunimi|efternamn|etternavn", 60),
    "email": Field(
        T("E-mail"),
        "email|e-mail|mail|email address|sähköposti|sähköpostiosoite|s-posti|e-post|epost|e-postadress|e-postadresse",
        254,
    ),
    "phone": Field(
        T("Phone"),
        "phone|mobile|telephone|phone number|puhelin|puhelinnumero|gsm|telefon|telefonnummer|mobil|mobilnummer",
        40,
    ),
    "country": Field(T("Country"), "country|market|maa|asuinmaa|land|country code|maakoodi|landskod|landkode"),
    "language": Field(T("Language"), "language|kieli|språk|sprak"),
    "niche": Field(
        T("Field or topic"),
        "niche|topic|category|field|aihe|aihealue|kategoria|ala|ämne|nisch|kategori|tema|nisje|emne",
    ),
    "platform": Field(
        T("Platform"),
        "platform|channel|social network|alusta|kanava|some-kanava|plattform|kanal|social media|somekanava",
    ),
    "handle": Field(
        T("Account or profile address"),
        "handle|username|user name|account|profile|profile url|"
        "profile link|url|link|käyttäjätunnus|käyttäjänimi|tili|"
        "profiili|linkki|profiilin osoite|användarnamn|konto|profil|"
        "länk|profillänk|brukernavn|lenke|profillenke|nick",
        500,
    ),
    "instagram": Field(
        T("Instagram account"), "instagram|ig|insta|instagram handle|instagram-tili|instagram-konto|instagram url", 500
    ),
    "tiktok": Field(T("TikTok account"), "tiktok|tik tok|tiktok handle|tiktok-tili|tiktok-konto|tiktok url", 500),
    "youtube": Field(T("YouTube account"), "youtube|yt|youtube channel|youtube-kanava|youtube-kanal|youtube url", 500),
    "followers": Field(
        T("Followers"),
        "followers|follower count|subscribers|seuraajat|seuraajia|seuraajamäärä|tilaajat|följare|antal följare|"
        "prenumeranter|følgere|antall følgere|abonnenter|fans",
    ),
    "rate": Field(
        T("Engagement rate, %"),
        "engagement|engagement rate|er|er %|er%|engagement %|engagement rate %|engagement rate (%)|sitoutumisaste|"
        "sitoutumisprosentti|sitoutuminen|sitoutumisaste %|engagemang|engagemangsgrad|engagemang %|engasjement|"
        "engasjementsrate|engasjement %|engasjementsgrad",
    ),
    "posts": Field(
        T("Posts counted"),
        "posts|posts counted|number of posts|julkaisut|julkaisuja|inlägg|antal inlägg|innlegg|antall innlegg",
    ),
    "likes": Field(
        T("Likes"),
        "likes|avg likes|average likes|tykkäykset|tykkäyksiä|gilla|gillningar|gilla-markeringar|likerklikk|liker",
    ),
    "comments": Field(T("Comments"), "comments|avg comments|average comments|kommentit|kommentteja|kommentarer"),
    "shares": Field(T("Shares"), "shares|avg shares|average shares|jaot|jakoja|delningar|delinger"),
    "measured_on": Field(
        T("Measured on"),
        "measured on|measured|date|updated|as of|mitattu|"
        "päivämäärä|päivitetty|pvm|mätt|datum|uppdaterad|"
        "målt|dato|oppdatert",
    ),
    "tags": Field(
        T("Tags"), "tags|labels|keywords|tunnisteet|tagit|avainsanat|taggar|etiketter|nyckelord|etiketter|tagger", 500
    ),
    "note": Field(
        T("Note"),
        "note|notes|comment|remarks|huomautus|"
        "muistiinpano|muistiinpanot|lisätiedot|anteckning|anteckningar|"
        "notering|notat|notater|merknad|info",
        5000,
    ),
    "street": Field(
        T("Street address"),
        "street|address|street address|osoite|katuosoite|lähiosoite|adress|gatuadress|adresse|gateadresse|gate",
        160,
    ),
    "postcode": Field(T("Postcode"), "postcode|postal code|zip|zip code|postinumero|postnummer|postnr", 20),
    "city": Field(T("City"), "city|town|kaupunki|postitoimipaikka|paikkakunta|ort|stad|postort|by|sted|poststed", 80),
    "iban": Field(
        T("IBAN"),
        "iban|bank account|account number|tilinumero|pankkitili|bankkonto|kontonummer|kontonr|iban-nummer",
        60,
    ),
    "referral": Field(
        T("Found through"),
        "referral|source|found through|lähde|suosittelija|källa|rekommenderad av|kilde|anbefalt av",
        160,
    ),
    "risk": Field(T("Risk"), "risk|risks|riski|riskit|risker|risiko", 300),
}


def plain(header: str) -> str:
    """A header as we compare it: `Engagement (%)` is `engagement`."""
    return re.sub(r"[()%*:.,]", "", plain_header(header))


@cache
def _by_word() -> dict[str, str]:
    """{word: field}: the usual words, and after them our own names in every language, as our exports write them."""
    known = {plain(word): code for code, field in FIELDS.items() for word in field.words.split("|")}
    for locale in LOCALES:
        with in_locale(locale):
            for code, field in FIELDS.items():
                known.setdefault(plain(str(field.name)), code)
    return known


def guess_mapping(headers: Sequence[str]) -> dict[str, str]:
    """{header: field} for the headers that we know; a field is given to the first header that asks for it."""
    mapping: dict[str, str] = {}
    for header in headers:
        code = _by_word().get(plain(header))
        if code and code not in mapping.values():
            mapping[header] = code
    return mapping
