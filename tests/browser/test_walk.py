"""The main job: one whole collaboration, from an empty database to money marked as received."""

from __future__ import annotations

import uuid

import pytest

from tests.browser.walk import Look, Walk

DESK, PHONE = (1360, 860), (390, 844)
WALKS = {
    "english-desktop-light": ("en-GB", DESK, "light", "FI", "sqlite"),
    "finnish-phone-dark": ("fi-FI", PHONE, "dark", "FI", "sqlite"),
    "swedish-desktop-dark": ("sv-SE", DESK, "dark", "SE", "sqlite"),
    "norwegian-phone-light": ("nb-NO", PHONE, "light", "NO", "sqlite"),
    "english-desktop-postgresql": ("en-GB", DESK, "light", "FI", "postgresql"),
}
LANGUAGE = {"en-GB": "en", "fi-FI": "fi", "sv-SE": "sv", "nb-NO": "nb"}


@pytest.mark.parametrize("name", WALKS)
def test_one_whole_collaboration(name, browser, serve, request):
    locale, (width, height), scheme, country, engine = WALKS[name]
    settings = {}
    if engine == "postgresql":
        server = request.getfixturevalue("postgres")
        database = f"walk{uuid.uuid4().hex[:12]}"
        server.admin(f"CREATE DATABASE {database} TEMPLATE template0")
        settings["SAMVERK_DATABASE_URL"] = server.url(database)
    walk = Walk(browser, serve(**settings), Look(locale, width, height, scheme), country)
    try:
        summary = walk.whole()
        assert walk.brand.locator("html").get_attribute("lang") == LANGUAGE[locale]
        digits = "".join(c for c in summary if c.isdigit())
        assert "718" in digits  # 700 of the counter-offer, 10 % of 200 less 10 % of the 20 that came back
        assert walk.faults == []
    finally:
        walk.close()
