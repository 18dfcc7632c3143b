"""What finance decides when a plugin has changed its mind about what is booked already."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core import audit
from core.accounts.service import required
from core.collaborations.models import Collaboration
from core.earnings.incidents import case_of, memory_of
from core.earnings.models import ComponentHold, Earning
from core.earnings.service import installed, recompute
from core.earnings.verdicts import ACCEPT, KEEP, kept_now
from core.errors import Refused
from core.permissions import Actor, Permission
from core.plugin_api.text import T
from core.plugin_host.contexts import for_brand
from core.plugin_host.host import PluginHost

REASON_LENGTH = 500


def is_stale(host: PluginHost, hold: ComponentHold) -> bool:
    """Whether its words are those of another version of the model than the one that is installed."""
    return hold.resolved_at is None and installed(host, hold.model) not in ("", hold.version)


def decide(
    session: Session, actor: Actor, host: PluginHost, *, hold: ComponentHold, accept: bool, reason: str
) -> list[Earning]:
    """Take what the plugin now says, or keep what is booked; what comes later comes on top, by the plugin as it is.

    What is kept stays kept for ever, and more than the signed cap is never booked.
    Refused when the incident is over, or the component cannot be counted at all. Returns what was booked.
    """
    actor.require(Permission.PAYOUT_APPROVE, hold.brand_id)
    reason = required(reason, "reason", REASON_LENGTH)
    collaboration = session.get_one(Collaboration, hold.collaboration_id, with_for_update=True)
    session.refresh(hold)
    host = for_brand(session, host, collaboration.brand_id)
    case = case_of(session, host, collaboration)
    component = next((c for c in case.deal.components if c.id == hold.component_id), None) if case else None
    if case is None or component is None or not hold.incident or hold.resolved_at is not None:
        raise Refused(T("There is nothing to decide here any more."))
    model = host.payment_models.get(component.model)
    if model is None:
        raise Refused(T("There is nothing to decide here any more."))
    kept = {} if accept else kept_now(host, case, component)
    memory = memory_of(session, case, component.id)
    memory.facts, memory.answers, memory.said, memory.kept = [], {}, {}, kept
    memory.decided = {**memory.decided, model.version: ACCEPT if accept else KEEP}
    for row in case.lasts(component.id):
        row.basis = row.answer = ""
    for nothing in case.nothings(component.id):
        nothing.basis = nothing.answer = ""
    hold.incident = False
    session.flush()
    detail = {"reason": reason, "component": component.id}
    action = "earning.accept" if accept else "earning.keep"
    audit.record(session, actor=actor, brand_id=hold.brand_id, action=action, obj=hold, detail=detail)
    return recompute(session, host, collaboration.id)
