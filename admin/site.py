"""The installation: mail, audit record."""

from __future__ import annotations

from typing import Any

from flask import abort, render_template, request
from sqlalchemy import or_, select

from admin.deeds import GROUPS, told
from admin.face import admin
from core.audit import AuditEntry
from core.mail import MailMessage, masked
from core.permissions import Permission
from core.web.request import actor, db, instance, page_arg, person

PAGE = 50


@admin.get("/mail", Permission.SITE_ADMIN)
def mails() -> Any:
    """The newest mails, sent or still to be sent."""
    page = page_arg()
    rows = list(
        db().scalars(select(MailMessage).order_by(MailMessage.id.desc()).offset((page - 1) * PAGE).limit(PAGE + 1))
    )
    return render_template("admin/mails.html", rows=rows[:PAGE], page=page, more=len(rows) > PAGE)


@admin.get("/mail/<public_id>", Permission.SITE_ADMIN)
def mail(public_id: str) -> Any:
    """One mail as it was composed; a link that lets its reader in only where this page is the only way to get it."""
    row = db().scalar(select(MailMessage).where(MailMessage.public_id == public_id))
    if row is None:
        abort(404)
    body = row.body if _hands_on(row) else masked(row.body)
    return render_template("admin/mail.html", row=row, body=body, hidden="/…" in body)


def _hands_on(row: MailMessage) -> bool:
    """Without a mail server the admin hands links on, but never those to another person's password."""
    return instance().settings.smtp_url is None and (row.kind != "reset" or row.recipient == person().email)


@admin.get("/audit", Permission.AUDIT_READ)
def audit_record() -> Any:
    """Who did what in one's brands; the installation's own entries for its admin."""
    page, who = page_arg(), actor()
    what, name = request.args.get("what", ""), request.args.get("q", "").strip()[:100]
    mine = AuditEntry.brand_id.in_(who.brands_with(Permission.AUDIT_READ))
    wanted = [or_(mine, AuditEntry.brand_id.is_(None)) if who.site_admin else mine]
    if what in GROUPS:
        wanted.append(or_(*(AuditEntry.action.startswith(f"{kind}.", autoescape=True) for kind in GROUPS[what][1])))
    if name:
        wanted.append(AuditEntry.actor_name.icontains(name, autoescape=True))
    newest = select(AuditEntry).where(*wanted).order_by(AuditEntry.id.desc())
    rows = list(db().scalars(newest.offset((page - 1) * PAGE).limit(PAGE + 1)))
    return render_template(
        "admin/audit.html",
        rows=rows[:PAGE],
        page=page,
        more=len(rows) > PAGE,
        groups=GROUPS,
        what=what if what in GROUPS else "",
        name=name,
        told=told,
    )
