"""Uploaded files: kept by content hash on disk, their kind told by their bytes, never by their name."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import BigInteger, ForeignKey, String, exists, select
from sqlalchemy.orm import Mapped, Session

from core import clock
from core.database import Base, PublicRow, internal, personal
from core.errors import Invalid
from core.plugin_api.text import T

CHUNK = 1 << 20
MAX_PIXELS = 50_000_000
IMAGES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif"}
VIDEOS = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm"}
SHEETS = {"text/csv"}


class StoredFile(PublicRow):
    """A file that somebody gave us. Its bytes live in `instance/files` under their SHA-256."""

    __tablename__ = "stored_file"

    brand_id: Mapped[int | None] = internal(ForeignKey("brand.id"), index=True)
    owner_id: Mapped[int | None] = internal(ForeignKey("person.id"))
    name: Mapped[str] = personal(String(200))
    media_type: Mapped[str] = internal(String(60))
    size: Mapped[int] = internal(BigInteger)
    sha256: Mapped[str] = internal(String(64), index=True)
    width: Mapped[int | None] = internal()
    height: Mapped[int | None] = internal()


@dataclass(frozen=True, slots=True)
class FileStore:
    """A folder of files named by the hash of their content."""

    root: Path

    def path(self, sha256: str) -> Path:
        """Where the bytes of a hash are."""
        return self.root / sha256[:2] / sha256

    def put(self, source: BinaryIO, limit: int) -> tuple[str, int]:
        """Store a stream; returns (hash, size). More than `limit` bytes is `Invalid`, nothing is kept."""
        self.root.mkdir(parents=True, exist_ok=True)
        partial = self.root / f".part-{os.getpid()}-{os.urandom(6).hex()}"
        digest, size = hashlib.sha256(), 0
        try:
            with partial.open("wb") as target:
                while chunk := source.read(CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise Invalid(T("The file is larger than %(limit)s MB.", limit=limit // 1_000_000), "file")
                    digest.update(chunk)
                    target.write(chunk)
            final = self.path(digest.hexdigest())
            final.parent.mkdir(parents=True, exist_ok=True)
            partial.replace(final)
        finally:
            partial.unlink(missing_ok=True)
        return digest.hexdigest(), size


def sniff(path: Path) -> str:
    """The media type by content: one of our image, video types or text/csv; else `Invalid`."""
    import puremagic

    with path.open("rb") as file:
        head = file.read(4096)
    try:
        found = {match.extension for match in puremagic.magic_string(head)}
    except puremagic.PureError:
        found = set()
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    for known in (IMAGES, VIDEOS):
        for extension, media_type in known.items():
            if extension in found:
                return media_type
    raise Invalid(T("This kind of file is not taken. Send a JPEG, PNG, WebP, MP4, MOV or WebM."), "file")


def store_media(
    session: Session,
    store: FileStore,
    source: BinaryIO,
    *,
    name: str,
    limit: int,
    brand_id: int | None,
    owner_id: int | None,
) -> StoredFile:
    """Store an image or a video that a person sends; its kind is told by its bytes."""
    sha256, size = store.put(source, limit)
    if size == 0:
        raise Invalid(T("The file is empty."), "file")
    media_type = sniff(store.path(sha256))
    width = height = None
    if media_type.startswith("image/"):
        width, height = image_size(store.path(sha256))
    row = StoredFile(
        brand_id=brand_id,
        owner_id=owner_id,
        name=Path(name.replace("\\", "/")).name[:200] or "file",
        media_type=media_type,
        size=size,
        sha256=sha256,
        width=width,
        height=height,
    )
    session.add(row)
    session.flush()
    return row


def store_bytes(
    session: Session,
    store: FileStore,
    raw: bytes,
    *,
    name: str,
    media_type: str,
    brand_id: int | None,
    owner_id: int | None = None,
) -> StoredFile:
    """Store bytes that we made or that were checked elsewhere (a CSV, a thumbnail)."""
    sha256, size = store.put(BytesIO(raw), len(raw))
    row = StoredFile(
        brand_id=brand_id, owner_id=owner_id, name=name[:200], media_type=media_type, size=size, sha256=sha256
    )
    session.add(row)
    session.flush()
    return row


SWEEP = "files.sweep"
UNSENT = timedelta(days=1)


def sweep(session: Session, store: FileStore) -> int:
    """Forget the files that came more than a day ago and that nothing points to; returns how many.

    What points to a file is read from the schema. Bytes go when no row names them any more.
    """
    pointers = [
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(key.column is StoredFile.__table__.c.id for key in column.foreign_keys)
    ]
    unused = [~exists().where(column == StoredFile.id) for column in pointers]
    found = session.scalars(select(StoredFile).where(StoredFile.created_at < clock.now() - UNSENT, *unused)).all()
    for row in found:
        forget(session, store, row)
    return len(found)


def forget(session: Session, store: FileStore, row: StoredFile) -> None:
    """Delete a file that nothing points to, and its bytes unless another row has the same."""
    session.delete(row)
    session.flush()
    if session.scalar(select(StoredFile.id).where(StoredFile.sha256 == row.sha256).limit(1)) is None:
        store.path(row.sha256).unlink(missing_ok=True)


def image_size(path: Path) -> tuple[int, int]:
    """Width and height; an image that is broken or beyond 50 megapixels is `Invalid`."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            width, height = image.size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        raise Invalid(T("The image cannot be read."), "file") from None
    if width * height > MAX_PIXELS:
        raise Invalid(T("The image is larger than 50 megapixels."), "file")
    return width, height


def thumbnail(path: Path, side: int = 640) -> bytes:
    """A WebP no larger than `side` pixels, re-encoded so that nothing but the picture is left."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    image_size(path)
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
            upright.thumbnail((side, side))
            target = BytesIO()
            upright.save(target, "WEBP", quality=80)
    except (UnidentifiedImageError, OSError):
        raise Invalid(T("The image cannot be read."), "file") from None
    return target.getvalue()
