"""A contract as a plain text file, byte for byte what its fingerprint is of."""

from __future__ import annotations

from flask import Response

from core.collaborations import document
from core.collaborations.queries import Paper


def text_of(paper: Paper, party: str) -> Response:
    """What one side signed, in their language; before that, what the reader would sign in theirs."""
    signature = paper.signatures.get(party)
    text = signature.text if signature else document.plain(paper.contract.document)
    name = f"{paper.contract.number}-{party}.txt" if signature else f"{paper.contract.number}.txt"
    response = Response(text.encode(), mimetype="text/plain")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
