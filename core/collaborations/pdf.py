"""A contract as a PDF, in the language of whoever downloads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.collaborations import document
from core.collaborations.models import Signature
from core.collaborations.queries import Paper
from core.i18n import LOCALES, current_locale, gettext, moment

TEMPLATE = Path(__file__).with_name("contract.typ")


def render(paper: Paper) -> bytes:
    """The PDF; people's words travel as data, so that nothing of them is read as markup."""
    import typst

    told = json.dumps(content(paper), ensure_ascii=False)
    pdf = typst.compile(str(TEMPLATE), format="pdf", sys_inputs={"data": told}, ignore_system_fonts=True)
    return bytes(pdf)


def content(paper: Paper) -> dict[str, Any]:
    """What the paper says, in the current language."""
    contract, text = paper.contract, paper.contract.document
    number, about = document.heading(text)
    return {
        "lang": current_locale(),
        "heading": number,
        "subheading": about,
        "author": text["brand"],
        "footer": contract.number,
        "clauses": [
            {"number": c.number, "title": c.title, "paragraphs": c.paragraphs, "items": c.items}
            for c in document.readable(text)
        ],
        "signatures": [
            _side(gettext("For the brand"), paper.signatures.get("brand")),
            _side(gettext("The influencer"), paper.signatures.get("influencer")),
        ],
        "proof": gettext(
            "Fingerprint of the terms, the same in every language (SHA-256): %(hash)s", hash=contract.sha256
        ),
    }


def _side(party: str, signature: Signature | None) -> dict[str, Any]:
    if signature is None:
        return {"party": party, "name": "", "notes": [gettext("Not signed yet")]}
    return {"party": party, "name": signature.typed_name, "notes": account_of(signature)}


def account_of(signature: Signature) -> list[str]:
    """When, by which account, in which language, and the fingerprint of the text that was read."""
    language = LOCALES.get(signature.locale, signature.locale)
    return [
        gettext("Signed %(at)s in %(language)s", at=moment(signature.signed_at), language=language),
        gettext("Account: %(name)s, %(email)s", name=signature.account_name, email=signature.account_email),
        gettext("Fingerprint of the text signed (SHA-256): %(hash)s", hash=signature.sha256),
    ]
