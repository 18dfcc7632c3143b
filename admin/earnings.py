"""What is owed, and the books."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from admin.face import admin
from core.earnings import books, queries
from core.ledger.verify import verify
from core.permissions import Permission
from core.web.brands import current_brand
from core.web.request import actor, db

P = Permission
PAGE = 50


@admin.get("/earnings", P.MONEY_READ)
def earnings() -> Any:
    """Every earning with its reason, state and dates, and what is on hold."""
    brand = current_brand(P.MONEY_READ)
    state, search = request.args.get("state", ""), request.args.get("q", "").strip()
    collaboration = request.args.get("collaboration", "")
    rows = queries.list_earnings(
        db(),
        actor(),
        brand.id,
        state=state if state in queries.STATE_NAMES else "",
        search=search[:100],
        collaboration=collaboration,
        limit=PAGE + 1,
        before=request.args.get("before", type=int),
    )
    return render_template(
        "admin/earnings.html",
        rows=rows[:PAGE],
        more=rows[PAGE - 1].earning.id if len(rows) > PAGE else None,
        holds=queries.list_holds(db(), actor(), brand.id),
        totals=queries.totals_of_brand(db(), actor(), brand.id),
        state=state,
        search=search,
        collaboration=collaboration,
        names=queries.STATE_NAMES,
        kinds=queries.KIND_NAMES,
    )


@admin.get("/ledger", P.MONEY_READ)
def ledger() -> Any:
    """The brand's books: what each kind of account holds, whose turn it is, and whether the books are right."""
    brand = current_brand(P.MONEY_READ)
    kind, code = request.args.get("kind", ""), request.args.get("account", "")
    findings = None
    if request.args.get("verify"):
        findings = [row for row in verify(db()).findings if row.brand_id in (None, brand.id)]
    return render_template(
        "admin/ledger.html",
        rows=books.kinds(db(), actor(), brand.id),
        names=books.KINDS,
        kind=kind if kind in books.KINDS else "",
        accounts=books.accounts(db(), actor(), brand.id, kind) if kind in books.KINDS else [],
        account=code,
        lines=books.lines(db(), actor(), brand.id, code, request.args.get("currency", brand.currency)) if code else [],
        postings=books.POSTINGS,
        findings=findings,
    )
