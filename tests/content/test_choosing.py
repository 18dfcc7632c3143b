"""The influencer chooses the live post among those that the platform lists; the address can be typed all the same."""

# ruff: noqa: F811 - fixtures come from the neighbours

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from core.content.models import Post
from core.influencers.models import Relationship
from core.influencers.service import Figures, save_channel
from core.instance import Instance
from core.plugin_host.service import set_switch
from tests.content.stage import Stage, approve, send
from tests.plugin_host.square import URL, Square, join, now, square  # noqa: F401 - fixtures
from tests.world import sign_in

BUTTON = "Show my latest posts"


def listed(id: str, text: str = "Iltarutiini", at: str = "2026-11-20T23:30:00+00:00", url: str = "") -> dict[str, str]:
    return {"id": id, "url": url or URL.format(id), "at": at, "text": text}


@pytest.fixture
def page(square: Square, instance: Instance, shown: Stage, app: Flask) -> FlaskClient:
    """Aino, whose draft is approved and whose account the brand knows; Havsro has connected the square."""
    join(instance, shown.world, square)
    with instance.database.write() as session:
        approve(session, shown, send(session, shown))
        them = session.scalars(select(Relationship).options(selectinload(Relationship.channels))).one()
        account = {"platform": "instagram", "handle": "aino"}
        save_channel(session, shown.world.owner, relationship=them, figures=Figures(), **account)
    app.config["WTF_CSRF_ENABLED"] = False
    return sign_in(app.test_client(), "influencer")


def here(shown: Stage) -> str:
    return f"/portal/deliverables/{shown.first.public_id}"


def links(html: str) -> list[str]:
    return [found.replace("&amp;", "&") for found in re.findall(r'<b><a href="([^"]+)"', html)]


def test_a_post_is_chosen_and_reported(instance: Instance, square: Square, page: FlaskClient, shown: Stage) -> None:
    every = [listed(f"p{number}") for number in range(12)]
    square.latest["aino"] = [listed("js", url="javascript:alert(1)"), *every]
    held: list[int] = []
    pool: Any = instance.database.engine.pool
    square.during = lambda: held.append(pool.checkedout())
    assert BUTTON in page.get(here(shown)).text and square.asked == []
    part = page.get(f"{here(shown)}/posts", headers={"HX-Request": "true"}).text
    assert held == [0] and "<html" not in part and "javascript:" not in part
    chosen = links(part)
    assert len(chosen) == 10 and "<html" in page.get(f"{here(shown)}/posts").text, "a page without JavaScript"
    html = page.get(chosen[0]).text
    assert f'value="{URL.format("p0")}"' in html and 'value="2026-11-20"' in html
    page.post(f"{here(shown)}/post", data={"url": URL.format("p0"), "published_on": "2026-11-20"})
    with instance.database.session() as session:
        row = session.scalars(select(Post)).one()
        assert (row.url, row.published_on) == (URL.format("p0"), date(2026, 11, 20))


def test_what_is_in_the_address_is_shown_and_nothing_else(page: FlaskClient, shown: Stage) -> None:
    html = page.get(f"{here(shown)}?post=%22%3E%3Cb%3Ehi&on=tomorrow").text
    assert "<b>hi" not in html and "&#34;&gt;&lt;b&gt;hi" in html


@pytest.mark.parametrize("status", [401, 404, 429, 500, 418])
def test_without_an_answer_the_address_is_typed(square: Square, page: FlaskClient, shown: Stage, status: int) -> None:
    square.status = lambda path: status
    answer = page.get(f"{here(shown)}/posts", headers={"HX-Request": "true"})
    assert answer.status_code == 200 and "Paste the address instead." in answer.text and not links(answer.text)


def test_nothing_to_choose_from_is_said(square: Square, page: FlaskClient, shown: Stage) -> None:
    square.latest["aino"] = []
    assert "shows no post of yours" in page.get(f"{here(shown)}/posts").text


def test_where_nobody_can_be_asked_there_is_no_button(
    instance: Instance, square: Square, page: FlaskClient, shown: Stage, app: Flask
) -> None:
    with instance.database.write() as session:
        set_switch(session, shown.world.owner, plugin="square", enabled=False, brand_id=shown.world.brand.id)
    assert BUTTON not in page.get(here(shown)).text
    page.get(f"{here(shown)}/posts")
    assert square.asked == []
    assert sign_in(app.test_client(), "owner").get(f"{here(shown)}/posts").status_code in (403, 404)
