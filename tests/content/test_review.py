"""From the signed contract to an approved draft: what is made, checked, decided, waived and refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import clock, events, wiring
from core.audit import AuditEntry
from core.collaborations.events import CollaborationEnded, ContractSigned, MayComplete
from core.collaborations.models import Offer
from core.content import drafts, queries, service, versions
from core.content.events import DeliverableApproved
from core.content.findings import fresh, segments, stored
from core.content.models import Deliverable, StoredFinding
from core.errors import Denied, Invalid, Missing, Refused
from core.instance import Instance
from core.lifecycle import Turn, history, whose_turn
from core.mail import MailMessage
from core.plugin_api.compliance import CompliancePack, ComplianceRule
from core.plugin_api.text import Text
from tests.content import stage as scene
from tests.content.stage import BARE, BASE, Stage, approve, build, draft, packs, send
from tests.world import World


def test_one_row_for_each_promised_piece_and_only_once(session: Session, stage: Stage) -> None:
    assert [(d.kind, d.position, d.state) for d in stage.deliverables] == [
        ("post", 1, "assigned"),
        ("post", 2, "assigned"),
        ("reel", 3, "assigned"),
    ]
    assert [str(d.due_on) for d in stage.deliverables] == ["2026-12-01", "2026-12-01", "2026-12-20"]
    assert all(d.due_at is not None for d in stage.deliverables), "without an agreed day the campaign's last one"
    assert whose_turn(stage.first) is Turn.INFLUENCER
    assert service.create_deliverables(session, stage.collaboration.id) == []


def test_a_good_draft_passes_and_an_unlabelled_one_is_told_what_to_write(session: Session, stage: Stage) -> None:
    good = service.check(session, packs(), stage.first, draft())
    bad = service.check(session, packs(), stage.first, draft(BARE))
    assert good.verdict == "ok"
    assert bad.verdict == "violation"
    worst = fresh(bad.findings)
    assert {one.jurisdiction for one in worst if one.open} == {"FI", "EU"}
    assert worst[0].label == "Mainos Havsro"
    assert worst[0].open
    assert "Mainos Havsro" in str(worst[0].fix)
    assert all("“”" not in str(one.fix) for one in worst)


def test_what_rules_of_several_countries_say_alike_is_told_once(session: Session, stage: Stage) -> None:
    told = fresh(service.check(session, packs(), stage.first, draft("Havsro, viikko takana. #collab")).findings)
    assert len({str(one.message) for one in told}) == len(told)
    unknown = next(one for one in told if "not a label known" in str(one.message))
    assert (unknown.rule_id, [other.rule_id for other in unknown.also]) == ("EU-03", ["FI-01"])
    place = next(one for one in told if one.rule_id == "EU-04")
    assert (place.level, str(place.message)) == ("ok", "The place of the label “collab” is accepted here.")


def test_what_blocks_stands_by_itself(session: Session, stage: Stage) -> None:
    told = fresh(service.check(session, packs(), stage.first, draft(BARE)).findings)
    assert [one.rule_id for one in told if one.open] and not any(other.open for one in told for other in one.also)


def test_sending_keeps_version_findings_and_packs_and_tells_the_reviewers(session: Session, stage: Stage) -> None:
    submission = send(session, stage, BARE)
    assert (submission.number, submission.state, submission.verdict) == (1, "in_review", "violation")
    assert "fi-kkv" in submission.packs
    assert submission.due_at is not None
    assert whose_turn(stage.first) is Turn.BRAND
    mails = session.scalars(select(MailMessage).where(MailMessage.kind == "content.sent")).all()
    assert {m.recipient for m in mails} == {
        "owner@example.com",
        "manager@example.com",
        "reviewer@example.com",
        "guest_reviewer@example.com",
    }
    assert f"{BASE}/admin/review/{submission.public_id}" in mails[0].body
    kept = session.scalars(select(StoredFinding).where(StoredFinding.submission_id == submission.id)).all()
    assert any(row.blocks and row.state == "open" for row in kept)
    pieces = segments(scene.LABELLED, stored(session.scalars(select(StoredFinding)).all()))
    assert "".join(text for text, _ in pieces) == scene.LABELLED


def test_the_label_is_marked_in_the_caption(session: Session, stage: Stage) -> None:
    submission = send(session, stage)
    findings = stored(session.scalars(select(StoredFinding).where(StoredFinding.submission_id == submission.id)).all())
    assert segments(submission.caption, findings)[0] == ("Mainos", "ok")


def test_only_one_version_is_in_review(session: Session, stage: Stage) -> None:
    send(session, stage)
    with pytest.raises(Refused):
        send(session, stage)


def test_a_draft_can_be_taken_back_and_sent_again_as_the_next_version(session: Session, stage: Stage) -> None:
    first = send(session, stage)
    service.withdraw(session, stage.world.creator, deliverable=stage.first, submission=first)
    assert first.state == "withdrawn"
    assert send(session, stage).number == 2
    assert stage.first.rounds_used == 0
    assert [v.submission.number for v in versions.versions(session, stage.first)] == [2, 1]


def test_an_empty_draft_is_refused_at_its_field(session: Session, stage: Stage) -> None:
    with pytest.raises(Invalid) as caught:
        send(session, stage, "")
    assert caught.value.field == "caption"


def test_a_blocking_finding_stops_the_approval_until_somebody_waives_it(session: Session, stage: Stage) -> None:
    submission = send(session, stage, BARE)
    with pytest.raises(Refused):
        approve(session, stage, submission)
    reviewer, manager = stage.world.actors["reviewer"], stage.world.actors["manager"]
    for row in session.scalars(select(StoredFinding).where(StoredFinding.blocks)).all():
        with pytest.raises(Denied):
            service.waive_finding(session, reviewer, finding=row, reason="I like it")
        with pytest.raises(Invalid):
            service.waive_finding(session, manager, finding=row, reason="  ")
        service.waive_finding(session, manager, finding=row, reason="The label is in the picture")
        assert (row.waived_by_name, row.waived_reason) == (manager.name, "The label is in the picture")
        assert row.waived_at is not None
    approve(session, stage, submission)
    assert submission.state == "approved"
    assert stage.first.state == "approved"
    assert session.scalar(select(AuditEntry).where(AuditEntry.action == "content.waive")) is not None


def test_a_pack_that_fails_blocks_until_waived(session: Session, stage: Stage) -> None:
    class Broken(ComplianceRule):
        id = "X-1"

        def check(self, context: object) -> list[object]:  # type: ignore[override]
            raise RuntimeError("boom")

    finnish = next(pack for pack in packs() if pack.jurisdiction == "FI")
    broken: CompliancePack = replace(finnish, code=(Broken(),), title=Text("Finland"))
    report = service.check(session, [broken], stage.first, draft())
    blocking = [finding for finding in report.findings if finding.holds_up()]
    assert [finding.rule_id for finding in blocking] == ["X-1"]


def test_a_market_without_rules_asks_for_a_person(session: Session, world: World) -> None:
    stage = build(session, world, markets=("JP",))
    report = service.check(session, packs(), stage.first, draft())
    assert ("JP", "needs_review") in {(f.jurisdiction, f.verdict) for f in report.findings}


def test_changes_point_at_brief_lines_count_a_round_and_reach_the_influencer(session: Session, stage: Stage) -> None:
    submission = send(session, stage)
    decision = service.decide(
        session,
        stage.world.owner,
        submission=submission,
        decision="changes_requested",
        message="Softer light",
        brief_lines=["l1", "l1"],
        base_url=BASE,
    )
    assert decision.brief_lines == ["l1"]
    assert (stage.first.state, stage.first.rounds_used, submission.due_at) == ("in_production", 1, None)
    mail = session.scalars(select(MailMessage).where(MailMessage.kind == "content.decided")).one()
    assert mail.recipient == "influencer@example.com"
    assert "Softer light" in mail.body
    assert send(session, stage).number == 2


def test_a_round_beyond_the_agreed_ones_needs_the_influencer(session: Session, world: World) -> None:
    stage = build(session, world, rounds=0)
    submission = send(session, stage)
    ask = {"submission": submission, "decision": "rejected", "message": "Another idea, please", "base_url": BASE}
    with pytest.raises(Invalid) as caught:
        service.decide(session, world.owner, **ask)  # type: ignore[arg-type]
    assert caught.value.field == "agreed_beyond"
    service.decide(session, world.owner, agreed_beyond=True, **ask)  # type: ignore[arg-type]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "content.rejected")).one()
    assert entry.detail is not None and entry.detail["round_beyond_agreed_with_influencer"] is True


@pytest.mark.parametrize("decision", ["approved_with_corrections", "changes_requested", "rejected"])
def test_every_decision_but_approval_needs_words(session: Session, stage: Stage, decision: str) -> None:
    submission = send(session, stage)
    with pytest.raises(Invalid) as caught:
        service.decide(session, stage.world.owner, submission=submission, decision=decision, base_url=BASE)
    assert caught.value.field == "message"


def test_approval_is_told_upwards_once_with_its_moment(session: Session, stage: Stage) -> None:
    heard: list[DeliverableApproved] = []
    events.subscribe(DeliverableApproved, lambda _session, event: heard.append(event))
    submission = send(session, stage)
    approve(session, stage, submission)
    assert [event.deliverable_id for event in heard] == [stage.first.id]
    assert stage.first.approved_at is not None
    assert [row.to_state for row in history(session, stage.first)] == ["assigned", "in_review", "approved"]
    with pytest.raises(Refused):
        approve(session, stage, submission)


def test_a_viewer_decides_nothing_and_another_brand_sees_nothing(session: Session, stage: Stage) -> None:
    submission = send(session, stage)
    with pytest.raises(Denied):
        approve(session, stage, submission, stage.world.actors["viewer"])
    with pytest.raises(Missing):
        queries.get_submission(session, stage.world.outsider, submission.public_id)
    assert queries.review_queue(session, stage.world.outsider) == []
    assert queries.count_waiting(session, stage.world.owner) == 1


def test_a_pause_stops_sending_politely(session: Session, stage: Stage) -> None:
    stage.collaboration.state = "on_hold"
    session.flush()
    with pytest.raises(Refused, match="paused"):
        send(session, stage)


def test_without_a_signed_contract_nothing_is_sent(session: Session, stage: Stage) -> None:
    stage.contract.state = "partially_signed"
    session.flush()
    with pytest.raises(Refused, match="not signed"):
        send(session, stage)


def test_an_early_end_cancels_what_is_not_live(session: Session, stage: Stage) -> None:
    submission = send(session, stage)
    drafts.cancel_open(session, stage.collaboration.id)
    assert {d.state for d in session.scalars(select(Deliverable))} == {"cancelled"}
    assert submission.state == "withdrawn"


def test_signing_and_ending_are_heard_from_below(session: Session, stage: Stage, instance: Instance) -> None:
    wiring.connect(instance)
    for deliverable in stage.deliverables:
        session.delete(deliverable)
    session.flush()
    events.publish(session, ContractSigned(stage.collaboration.id))
    assert session.scalar(select(func.count()).select_from(Deliverable)) == 3
    assert events.objections(session, MayComplete(stage.collaboration.id))
    events.publish(session, CollaborationEnded(stage.collaboration.id, "cancelled_by_brand"))
    assert set(session.scalars(select(Deliverable.state))) == {"cancelled"}
    assert not events.objections(session, MayComplete(stage.collaboration.id))


def test_each_side_is_told_what_waits_for_it(session: Session, stage: Stage) -> None:
    mine = queries.waiting_for_influencer(session, stage.world.creator)
    assert [str(one.title) for one in mine] == ["Send your draft for Autumn skin ritual"] * 3
    submission = send(session, stage)
    theirs = queries.waiting(session, stage.world.owner)
    assert [(str(one.title), one.endpoint, one.values) for one in theirs] == [
        ("Review the draft of Aino Laine", "admin.submission", {"public_id": submission.public_id})
    ]
    assert queries.waiting(session, stage.world.actors["viewer"]) == []
    approve(session, stage, submission)
    titles = {str(one.title) for one in queries.waiting_for_influencer(session, stage.world.creator)}
    assert "Publish for Autumn skin ritual and tell where it is" in titles


def test_only_the_questions_that_a_rule_looks_at_are_asked(session: Session, world: World) -> None:
    at_home = build(session, world)
    asked = service.questions(packs(), service.setting_of(session, at_home.deliverables[2]))
    assert {"timed", "overlay"} <= asked
    assert "retouched" not in asked
    at_home.campaign.markets = ["NO"]
    asked = service.questions(packs(), service.setting_of(session, at_home.first))
    assert "retouched" in asked
    assert "timed" not in asked


def test_a_retouched_body_without_the_mark_is_found_in_norway(session: Session, world: World) -> None:
    stage = build(session, world, markets=("NO",))
    caption = "Reklame for Havsro. Kveldsrutinen min."
    without = service.check(session, packs(), stage.first, draft(caption, retouched=True))
    marked = service.check(session, packs(), stage.first, draft(caption, retouched=True, mark=True))
    by_mark = {f.rule_id: f.verdict for f in without.findings if f.jurisdiction == "NO"}
    assert by_mark["NO-05"] == "violation"
    assert {f.rule_id: f.verdict for f in marked.findings}["NO-05"] == "ok"


def test_the_review_is_due_after_the_campaigns_days(session: Session, stage: Stage) -> None:
    moment = clock.now()
    with clock.frozen(moment):
        submission = send(session, stage)
    assert submission.due_at == moment + timedelta(days=3)


def test_a_deal_whose_parts_meet_is_checked_like_any_other(session: Session, stage: Stage) -> None:
    offer = session.scalars(select(Offer)).one()
    offer.components = [
        *offer.components,
        {"id": "c2", "model": "commission", "terms": {"currency": "EUR", "values": {"percent": "10", "cap": 9_000}}},
        {"composition": {"kind": "maximum", "id": "larger", "of": [
            {"kind": "part", "component": "c1"}, {"kind": "part", "component": "c2"},
        ]}},
    ]  # fmt: skip
    session.flush()
    assert send(session, stage).verdict == "ok"
