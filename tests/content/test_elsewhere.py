"""A post on another platform than was agreed: both sides are told, nobody is stopped."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from core import clock
from core.content.live import elsewhere
from core.content.models import Post
from core.instance import Instance
from tests.content.stage import LABELLED, Stage
from tests.content.test_pages import desk, one, phone, walk_to_review  # noqa: F401

TOLD = "This address is not one of Instagram."


def test_both_sides_are_told(
    phone: FlaskClient,  # noqa: F811
    desk: FlaskClient,  # noqa: F811
    shown: Stage,
    instance: Instance,
) -> None:
    assert desk.post(walk_to_review(phone, shown, instance, LABELLED), data={"decision": "approved"}).status_code == 303
    here = f"/portal/deliverables/{shown.first.public_id}"
    for url, told in [("https://www.tiktok.com/@aino/video/1", True), ("https://www.instagram.com/p/1/", False)]:
        live = {"url": url, "published_on": clock.today().isoformat()}
        assert phone.post(f"{here}/post", data=live).status_code == 303
        there = f"/admin/posts/{one(instance, Post).public_id}"
        assert (TOLD in phone.get(here).text, TOLD in desk.get(there).text) == (told, told)


@pytest.mark.parametrize(
    ("platform", "url", "told"),
    [
        ("tiktok", "https://vm.tiktok.com/ZM1/", False),
        ("youtube", "https://youtu.be/1", False),
        ("youtube", "https://notyoutube.com/1", True),
        ("x", "https://x.com.example.com/1", True),
        ("blog", "https://www.instagram.com/p/1", False),
    ],
)
def test_a_platform_is_known_by_its_hosts(platform: str, url: str, told: bool) -> None:
    assert elsewhere(platform, url) is told
