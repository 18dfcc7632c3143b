"""A contract as both faces show it: read and signed, on paper, and as the very text that its fingerprint is of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, render_template, url_for
from wtforms import BooleanField, HiddenField, StringField

from core.collaborations import document, pdf, queries, service
from core.collaborations.lifecycle import CONTRACT_STATE_NAMES
from core.collaborations.models import Collaboration
from core.collaborations.queries import Paper
from core.errors import Refused
from core.i18n import gettext
from core.plugin_api.text import T
from core.web.forms import AtMost, BaseForm, Required
from core.web.request import actor, db, done, instance, saving


class SignForm(BaseForm):
    """A typed name under the text whose fingerprint travels with it."""

    typed_name = StringField(T("Your full name"), [Required(), AtMost(120)])
    confirmed = BooleanField(T("I sign by this name, and it is mine"))
    sha256 = HiddenField()


def paper_of(found: Collaboration) -> Paper:
    """The contract of a collaboration with its signatures; `Refused` before there is one."""
    paper = queries.paper(db(), found.id)
    if paper is None:
        raise Refused(T("There is no contract before both sides agree."))
    return paper


def contract_page(
    found: Collaboration,
    party: str,
    face: str,
    again: Callable[[Collaboration], Collaboration],
    *,
    may_sign: bool = True,
) -> Any:
    """Read the contract, and sign it for a party in its face; `again` is the row after a refused signature."""
    paper = paper_of(found)
    form = _form(paper) if may_sign and paper.to_sign(party) else None
    if form is not None and form.validate_on_submit():
        with saving(form):
            service.sign(
                db(),
                actor(),
                collaboration=found,
                party=party,
                typed_name=form.typed_name.data or "",
                sha256=form.sha256.data or "",
                confirmed=bool(form.confirmed.data),
                base_url=instance().settings.base_url,
            )
            return done(url_for(f"{face}.contract", public_id=found.public_id), gettext("You have signed."))
    clauses = document.readable(paper.contract.document)
    return render_template(
        f"{face}/contract.html",
        found=again(found),
        paper=paper,
        signed_by=pdf.account_of,
        clauses=clauses,
        without_rules=document.without_rules(instance().plugins, found.campaign.markets) if form else [],
        form=form,
        states=CONTRACT_STATE_NAMES,
    )


def _form(paper: Paper) -> SignForm:
    return SignForm(sha256=document.text_fingerprint(document.plain(paper.contract.document)))


def pdf_of(paper: Paper) -> Response:
    """The contract on paper, in the reader's language."""
    return _file(pdf.render(paper), "application/pdf", f"{paper.contract.number}.pdf")


def text_of(paper: Paper, party: str) -> Response:
    """What one side signed, in their language; before that, what the reader would sign in theirs."""
    signature = paper.signatures.get(party)
    text = signature.text if signature else document.plain(paper.contract.document)
    name = f"{paper.contract.number}-{party}.txt" if signature else f"{paper.contract.number}.txt"
    return _file(text.encode(), "text/plain", name)


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(content, mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
