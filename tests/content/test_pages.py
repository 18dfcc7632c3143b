"""The walk in the browser: draft, check, send, decide, waive, publish, verify, count."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core import clock
from core.campaigns.models import Campaign
from core.collaborations.models import Collaboration
from core.content.models import Deliverable, MetricReading, Post, StoredFinding, Submission, SubmissionFile
from core.files import StoredFile
from core.instance import Instance
from core.plugin_api.text import Text
from tests.content.stage import BARE, LABELLED, Stage, film, picture
from tests.databases import statements
from tests.plugin_host.foreign import EXAMPLES, install
from tests.world import sign_in

URL = "https://www.instagram.com/p/Cexample01/"


@pytest.fixture
def phone(client: FlaskClient, shown: Stage) -> FlaskClient:
    """The influencer's browser."""
    return sign_in(client, "influencer")


@pytest.fixture
def desk(app: Any, shown: Stage) -> FlaskClient:
    """The owner's browser."""
    app.config["WTF_CSRF_ENABLED"] = False
    return sign_in(app.test_client(), "owner")


def form(caption: str = LABELLED, step: str = "send", **more: Any) -> dict[str, Any]:
    """What the browser sends."""
    return {"caption": caption, "language": "fi", "planned_on": clock.today().isoformat(), "step": step, **more}


def draft_url(stage: Stage) -> str:
    return f"/portal/deliverables/{stage.first.public_id}/draft"


def one(instance: Instance, model: type[Any]) -> Any:
    """The only row of a table, None without one."""
    with instance.database.session() as session:
        return session.scalars(select(model).order_by(model.id.desc())).first()


def test_the_draft_page_shows_the_exact_label_and_the_brief(phone: FlaskClient, shown: Stage) -> None:
    page = phone.get(draft_url(shown)).text
    assert 'value="Mainos Havsro"' in page
    assert "Name the evening ritual" in page
    assert page.count("<h1") == 1
    assert "a person has to confirm this label" not in page
    danish = phone.post(draft_url(shown), data=form(step="check", language="da")).text
    assert "a person has to confirm this label" in danish and "beside it the word for advertising" in danish


def test_a_check_tells_what_to_change_and_loses_nothing(phone: FlaskClient, shown: Stage, instance: Instance) -> None:
    sent = form(BARE, "check", message="Hello", media=(picture(), "evening.png"))
    page = phone.post(draft_url(shown), data=sent, content_type="multipart/form-data").text
    assert "This breaks a rule" in page
    assert "Finland" in page and "FI-01" in page
    assert BARE in page and "Hello" in page
    file = one(instance, StoredFile)
    kept = re.search(r'name="kept" value="([^"]+)" checked', page)
    assert kept and "evening.png" in page and file
    assert one(instance, Submission) is None
    answer = phone.post(draft_url(shown), data=form(kept=kept[1]))
    assert answer.status_code == 303
    assert one(instance, SubmissionFile) is not None


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Danish rules that core refuses, since a message of theirs would not be filled in; ask for it before the app."""
    source = shutil.copytree(EXAMPLES / "compliance" / "samverk_danish_rules", tmp_path / "samverk_danish_rules")
    pack = source / "pack.yaml"
    pack.write_text(pack.read_text("utf-8").replace("%(found)s", "%(foud)s"), "utf-8")
    install(tmp_path, monkeypatch, "danish_rules", source, "samverk_danish_rules")


def test_a_country_whose_pack_does_not_load_could_not_be_checked(
    broken: None, phone: FlaskClient, desk: FlaskClient, shown: Stage, instance: Instance
) -> None:
    with instance.database.write() as session:
        session.get_one(Campaign, shown.campaign.id).markets = ["FI", "DK"]
    told = "The rules of this country could not be checked: no pack covers it, and Danish rules does not work."
    assert told in phone.post(draft_url(shown), data=form(step="check")).text
    assert phone.post(draft_url(shown), data=form(step="anyway")).status_code == 303
    blocking = one(instance, StoredFinding)
    assert (blocking.rule_id, blocking.blocks, blocking.state) == ("no-rules", True, "open")
    reason = desk.get("/admin/plugins").text
    assert "pack.yaml: rule 3 (DK-03), message: nothing is filled in for %(foud)s here" in reason


def test_a_message_that_nothing_fills_in_does_not_keep_a_draft_from_being_sent(
    phone: FlaskClient, shown: Stage, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = instance.plugins.compliance["fi-kkv"]
    rules = [replace(rule, message=Text("100 % sure of %(foud)s")) for rule in known.rules]
    monkeypatch.setitem(instance.plugins.compliance, "fi-kkv", replace(known, rules=tuple(rules)))
    page = phone.post(draft_url(shown), data=form(BARE, "check"))
    assert page.status_code == 200 and "100 % sure of %(foud)s" in page.text
    assert phone.post(draft_url(shown), data=form(BARE, "anyway")).status_code == 303


def test_a_part_of_the_page_is_enough_for_a_check(phone: FlaskClient, shown: Stage) -> None:
    part = phone.post(draft_url(shown), data=form(BARE, "check"), headers={"HX-Request": "true"}).text
    assert "<html" not in part and "This breaks a rule" in part and "Send anyway" in part


def test_sending_what_breaks_a_rule_is_asked_twice(phone: FlaskClient, shown: Stage, instance: Instance) -> None:
    assert phone.post(draft_url(shown), data=form(BARE)).status_code == 200
    assert one(instance, Submission) is None
    assert phone.post(draft_url(shown), data=form(BARE, "anyway")).status_code == 303
    assert one(instance, Submission).verdict == "violation"


def test_a_film_comes_with_the_browsers_still(phone: FlaskClient, shown: Stage, instance: Instance) -> None:
    data = form(media=[(film(), "film.mp4")], poster=(picture(), "poster.jpg"))
    assert phone.post(draft_url(shown), data=data, content_type="multipart/form-data").status_code == 303
    assert one(instance, SubmissionFile).thumbnail_id is not None
    assert "<video" in phone.get(f"/portal/deliverables/{shown.first.public_id}").text


def test_a_file_of_another_kind_is_named_and_the_rest_stays(phone: FlaskClient, shown: Stage) -> None:
    from io import BytesIO

    data = form(media=[(BytesIO(b"<html>"), "page.html"), (picture(), "evening.png")])
    page = phone.post(draft_url(shown), data=data, content_type="multipart/form-data").text
    assert "page.html: This kind of file is not taken" in page
    assert "evening.png" in page


def test_nobody_elses_file_can_be_slipped_in(phone: FlaskClient, shown: Stage, instance: Instance) -> None:
    with instance.database.write() as session:
        owner = shown.world.people["owner"].id
        foreign = StoredFile(
            brand_id=shown.world.brand.id,
            owner_id=owner,
            name="secret.png",
            media_type="image/png",
            size=1,
            sha256="0" * 64,
        )
        session.add(foreign)
        session.flush()
        wanted = foreign.public_id
    phone.post(draft_url(shown), data=form(kept=f"{wanted}:"))
    assert one(instance, SubmissionFile) is None


def walk_to_review(phone: FlaskClient, shown: Stage, instance: Instance, caption: str = LABELLED) -> str:
    """Send a draft; returns the review's address."""
    assert phone.post(draft_url(shown), data=form(caption, "anyway")).status_code == 303
    return f"/admin/review/{one(instance, Submission).public_id}"


def test_the_review_shows_checks_marks_and_brief_lines(
    phone: FlaskClient, desk: FlaskClient, shown: Stage, instance: Instance
) -> None:
    page = desk.get(walk_to_review(phone, shown, instance)).text
    assert '<mark data-tone="ok">Mainos</mark>' in page
    assert "Name the evening ritual" in page and 'data-key="a"' in page
    assert "2 rounds of changes left" in page
    assert page.count("<h1") == 1


def test_a_decision_without_words_keeps_the_page_and_names_the_field(
    phone: FlaskClient, desk: FlaskClient, shown: Stage, instance: Instance
) -> None:
    url = walk_to_review(phone, shown, instance)
    page = desk.post(url, data={"decision": "changes_requested", "brief_lines": ["l1"]})
    assert page.status_code == 200
    assert "Write what should change." in page.text
    assert re.search(r'value="l1" checked', page.text)
    asked = {"decision": "changes_requested", "message": "Softer", "brief_lines": ["l1"]}
    assert desk.post(url, data=asked).status_code == 303
    told = phone.get(f"/portal/deliverables/{shown.first.public_id}").text
    assert "Softer" in told and "Brief: Name the evening ritual" in told


def test_a_new_version_starts_from_the_last_one(
    phone: FlaskClient, desk: FlaskClient, shown: Stage, instance: Instance
) -> None:
    sent = form(media=(picture(), "evening.png"))
    assert phone.post(draft_url(shown), data=sent, content_type="multipart/form-data").status_code == 303
    url = f"/admin/review/{one(instance, Submission).public_id}"
    assert desk.post(url, data={"decision": "changes_requested", "message": "Softer"}).status_code == 303
    page = phone.get(draft_url(shown)).text
    assert LABELLED in page and "evening.png" in page


def test_a_draft_is_taken_back_and_a_pause_is_told_politely(
    phone: FlaskClient, shown: Stage, instance: Instance
) -> None:
    walk_to_review(phone, shown, instance)
    here = f"/portal/deliverables/{shown.first.public_id}"
    assert "Take it back" in phone.get(here).text
    assert phone.post(f"{here}/take-back").status_code == 303
    with instance.database.write() as session:
        session.get_one(Collaboration, shown.collaboration.id).state = "on_hold"
    assert "has paused this collaboration" in phone.get(here).text
    page = phone.post(draft_url(shown), data=form())
    assert page.status_code == 200 and "has paused this collaboration" in page.text and LABELLED in page.text


def test_a_blocked_draft_is_waived_then_approved_and_goes_live(
    phone: FlaskClient, desk: FlaskClient, shown: Stage, instance: Instance
) -> None:
    url = walk_to_review(phone, shown, instance, BARE)
    assert "block" in desk.post(url, data={"decision": "approved"}).text
    with instance.database.session() as session:
        blocking = session.scalars(select(StoredFinding.public_id).where(StoredFinding.blocks)).all()
    for public_id in blocking:
        assert "Fill in this field" in desk.post(f"/admin/findings/{public_id}/waive", data={"reason": ""}).text
        assert desk.post(f"/admin/findings/{public_id}/waive", data={"reason": "Shown in the film"}).status_code == 303
    assert "Shown in the film" in desk.get(url).text
    assert desk.post(url, data={"decision": "approved"}).status_code == 303
    here = f"/portal/deliverables/{shown.first.public_id}"
    live = {"url": "instagram.com", "published_on": clock.today().isoformat()}
    assert "whole address" in phone.post(f"{here}/post", data=live).text
    assert phone.post(f"{here}/post", data={**live, "url": URL}).status_code == 303
    post = f"/admin/posts/{one(instance, Post).public_id}"
    assert URL in desk.get(post).text
    assert "Write what differs" in desk.post(f"{post}/check", data={"answer": "mismatch"}).text
    assert desk.post(f"{post}/check", data={"answer": "verified"}).status_code == 303
    assert phone.post(f"{here}/metrics", data={"evidence": "stated", "views": "1,25k", "likes": ""}).status_code == 303
    assert one(instance, MetricReading).value == 1250
    at = {"read_at": clock.now().strftime("%Y-%m-%dT%H:%M"), "evidence": "screenshot"}
    assert desk.post(f"{post}/metrics", data={**at, "likes": "-3"}).status_code == 200
    assert desk.post(f"{post}/metrics", data={**at, "likes": "40"}).status_code == 303
    assert "1,250" in desk.get(post).text
    assert "Verified" in phone.get(here).text


def test_a_table_of_metrics_names_the_rows_it_cannot_take(desk: FlaskClient, shown: Stage) -> None:
    from io import BytesIO

    raw = b"url;read_at;views\nhttps://x.fi/p/1;1.11.2026;10\nnothing;1.11.2026;x\n"
    page = desk.post("/admin/metrics", data={"file": (BytesIO(raw), "m.csv")}, content_type="multipart/form-data").text
    assert "No published post of this brand has this address." in page
    assert "Enter the whole address" in page
    assert "Choose a table" in desk.post("/admin/metrics", data={}).text


def test_others_find_nothing(phone: FlaskClient, app: Any, shown: Stage, instance: Instance) -> None:
    url = walk_to_review(phone, shown, instance)
    stranger = sign_in(app.test_client(), "outsider")
    assert stranger.get(url).status_code == 404
    assert phone.get(url).status_code == 403
    assert stranger.get(f"/portal/deliverables/{shown.first.public_id}").status_code == 403
    viewer = sign_in(app.test_client(), "viewer")
    assert viewer.get(url).status_code == 200
    assert viewer.post(url, data={"decision": "approved"}).status_code == 403
    assert one(instance, Deliverable) is not None


@pytest.mark.parametrize(
    "path", ["/admin/review", "/admin/review?show=posts", "/admin/review?show=all&q=aino&state=assigned"]
)
def test_the_lists_ask_the_database_little(
    phone: FlaskClient, desk: FlaskClient, shown: Stage, instance: Instance, path: str
) -> None:
    walk_to_review(phone, shown, instance)
    with statements(instance.database.engine) as asked:
        assert desk.get(path).status_code == 200
    assert len(asked) <= 8, asked


def test_every_list_has_words_for_nothing(desk: FlaskClient, phone: FlaskClient, shown: Stage) -> None:
    assert "Nothing waits for you" in desk.get("/admin/review").text
    assert "No posts to check" in desk.get("/admin/review?show=posts").text
    assert "Nothing fits" in desk.get("/admin/review?show=all&q=zzz").text
    assert "Autumn skin ritual" in phone.get("/portal/work").text
    assert "Evening light" in phone.get(f"/portal/work/{shown.collaboration.public_id}").text
