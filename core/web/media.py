"""Uploaded files, to those who may see them, never as something a browser would run."""

from __future__ import annotations

from typing import Any

from flask import abort, send_file
from sqlalchemy import select
from werkzeug.utils import secure_filename

from core.files import IMAGES, VIDEOS, StoredFile
from core.permissions import Permission
from core.web.face import Face
from core.web.request import actor, db, instance

media = Face("media", __name__)
INLINE = frozenset({*IMAGES.values(), *VIDEOS.values()})


@media.get("/files/<public_id>", Permission.SELF)
def show(public_id: str) -> Any:
    """A file of a brand one works for, or that one sent in oneself."""
    who = actor()
    row = db().scalar(
        select(StoredFile).where(
            StoredFile.public_id == public_id,
            StoredFile.brand_id.in_(who.brands_with(Permission.CONTENT_READ)) | (StoredFile.owner_id == who.person_id),
        )
    )
    path = instance().files.path(row.sha256) if row else None
    if row is None or path is None or not path.exists():
        abort(404)
    inline = row.media_type in INLINE
    response = send_file(
        path,
        mimetype=row.media_type if inline else "application/octet-stream",
        as_attachment=not inline,
        download_name=secure_filename(row.name) or "file",
        conditional=True,
        etag=row.sha256,
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-cache"  # kept, but asked for each time
    return response
