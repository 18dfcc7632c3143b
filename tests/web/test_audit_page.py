"""The audit record in words: what is common is a sentence, the rest is shown as it was recorded, nothing of others."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from admin.deeds import DEEDS, GROUPS, told
from core import audit
from core.audit import AuditEntry
from core.i18n import in_locale
from core.instance import Instance
from tests.world import World, sign_in


@pytest.fixture
def recorded(committed: World, instance: Instance) -> World:
    """Deeds of two people and of another brand."""
    owner, finance, outsider = (committed.actors[name] for name in ("owner", "finance", "outsider"))
    brand, other = committed.brand.id, committed.other_brand.id
    with instance.database.write() as session:
        detail: dict[str, Any] = {"email": "new@example.com", "role": "reviewer"}
        audit.record(session, actor=owner, brand_id=brand, action="team.invite", detail=detail)
        detail = {"reference": "NDEA-7", "by": "wire"}
        audit.record(session, actor=finance, brand_id=brand, action="payout.sent", detail=detail)
        audit.record(session, actor=finance, brand_id=brand, action="plugin.odd_thing", detail={"odd_key": 4711})
        audit.record(session, actor=outsider, brand_id=other, action="payout.failed", detail={"reason": "Secret"})
    return committed


def rows(client: FlaskClient, **given: str) -> str:
    page = client.get("/admin/audit", query_string=given).text
    return re.sub(r"\s+", " ", page.partition("<main")[2])


def test_common_deeds_are_sentences_and_the_rest_is_as_recorded(recorded: World, client: FlaskClient) -> None:
    sign_in(client, "owner")
    page = rows(client)
    assert "Invited new@example.com to the team: Reviewer" in page
    assert "A payment was sent, with the reference NDEA-7" in page and ">by: wire<" in page
    assert "plugin.odd_thing" in page and "odd_key: 4711" in page
    assert "Secret" not in page


def test_it_is_filtered_by_kind_and_by_person(recorded: World, client: FlaskClient) -> None:
    sign_in(client, "owner")
    assert "NDEA-7" in rows(client, what="payouts") and "odd_thing" not in rows(client, what="payouts")
    assert "NDEA-7" in rows(client, q="finance") and "Invited" not in rows(client, q="FINANCE")
    assert "odd_thing" in rows(client, what="settings", q="Finance")
    assert "Nothing fits this search" in rows(client, what="team", q="finance")
    assert "Nothing fits this search" in rows(client, q="Outsider"), "another brand's people cannot be sought"
    assert "Invited" in rows(client, what="rubbish") and "Nothing fits" in rows(client, q="%_")
    outsider = rows(sign_in(client.application.test_client(), "outsider"))
    assert "A payment failed: Secret" in outsider and "NDEA-7" not in outsider


def test_a_sentence_names_nothing_that_is_not_there() -> None:
    entry = AuditEntry(action="payout.sent", detail=None)
    assert told(entry) == (None, {})
    entry.detail = {"reference": "100 %(x)s", "more": 1}
    sentence, rest = told(entry)
    assert str(sentence).endswith("reference 100 %(x)s") and rest == {"more": 1}


def test_a_reason_of_the_list_is_told_in_words() -> None:
    entry = AuditEntry(action="offer.decline", detail={"number": 2, "reason": "time"})
    with in_locale("sv"):
        assert str(told(entry)[0]) == "Tackade nej till version 2 av ett erbjudande: Jag har inte tid"


def test_every_sentence_can_be_found_by_a_filter() -> None:
    kinds = {kind for _, kinds in GROUPS.values() for kind in kinds}
    assert {action.partition(".")[0] for action in DEEDS} == kinds
    with in_locale("fi"):
        assert all(str(sentence) for sentence in DEEDS.values())
