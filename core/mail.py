"""Mail: composed in the reader's language, kept as a row, sent by the worker.

By default it goes into a folder and stays readable at admin > Mail; with `SAMVERK_SMTP_URL` it
is sent. Links start with `SAMVERK_BASE_URL`, never with what a request claims to be its host.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import ForeignKey, String
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, Session

from core import clock, outbox
from core.database import PublicRow, UtcDateTime, internal, personal
from core.i18n import in_locale
from core.plugin_api.text import T, Text

TIMEOUT = 10.0
OPENING = re.compile(r"(/(?:join|reset|portal/i)/)[\w-]{20,}")
"""A link that lets whoever has it in."""


class MailMessage(PublicRow):
    """A mail as it was composed, and what became of it."""

    __tablename__ = "mail_message"

    brand_id: Mapped[int | None] = internal(ForeignKey("brand.id"), index=True)
    kind: Mapped[str] = internal(String(40))
    recipient: Mapped[str] = personal(String(254))
    subject: Mapped[str] = personal(String(300))
    body: Mapped[str] = personal(LongText)
    locale: Mapped[str] = internal(String(8))
    sent_at: Mapped[datetime | None] = internal(UtcDateTime)
    way: Mapped[str] = internal(String(10), default="")  # smtp, folder


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to compose: subject, paragraphs, and one link with its label."""

    kind: str
    subject: Text
    paragraphs: tuple[Text, ...]
    link: str | None = None
    link_label: Text | None = None
    footer: Text = field(default_factory=lambda: T("You get this mail because your address is used in Samverk."))


def masked(body: str) -> str:
    """A mail's text with the secret part of each link that lets somebody in left out."""
    return OPENING.sub(r"\1…", body)


def send(session: Session, mail: Mail, *, to: str, name: str, locale: str, brand_id: int | None = None) -> MailMessage:
    """Compose a mail in the reader's language and leave it to the worker."""
    with in_locale(locale):
        parts = [str(T("Hello %(name)s,", name=name)) if name else str(T("Hello,"))]
        parts += [str(paragraph) for paragraph in mail.paragraphs]
        if mail.link:
            parts.append(f"{mail.link_label}:\n{mail.link}" if mail.link_label else mail.link)
        parts.append(f"-- \n{mail.footer}")
        subject = " ".join(str(mail.subject).split())[:300]
    row = MailMessage(
        brand_id=brand_id, kind=mail.kind, recipient=to, subject=subject, body="\n\n".join(parts) + "\n", locale=locale
    )
    session.add(row)
    session.flush()
    outbox.enqueue(session, "mail.send", {"id": row.id}, key=f"mail:{row.public_id}")
    return row


@dataclass(frozen=True, slots=True)
class Postman:
    """Delivers a composed mail: by SMTP, or into a folder."""

    smtp_url: str | None
    sender: str
    folder: Path

    def deliver(self, session: Session, payload: dict[str, Any]) -> Callable[[Session], None] | None:
        """The outbox handler of `mail.send`: sends while no lock is held; what it returns marks the mail as sent.

        A crash between the two sends a mail twice rather than never. A fault is tried again later.
        """
        row = session.get(MailMessage, payload["id"])
        if row is None or row.sent_at is not None:
            return None
        message, name = self._message(row), f"{row.id:08d}-{row.public_id}.eml"
        way = self._smtp(message) if self.smtp_url else self._file(message, name)

        def mark(writing: Session) -> None:
            sent = writing.get_one(MailMessage, payload["id"])
            sent.way, sent.sent_at = way, clock.now()
            if way == "smtp":  # it is with its reader; what we keep must let nobody in
                sent.body = masked(sent.body)

        return mark

    def _message(self, row: MailMessage) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = row.subject
        message["From"] = self.sender
        message["To"] = row.recipient
        message["Date"] = clock.now()
        message["Message-ID"] = make_msgid(row.public_id, domain="samverk.invalid")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(row.body)
        message["Content-Language"] = row.locale
        return message

    def _file(self, message: EmailMessage, name: str) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(message.as_bytes())
        return "folder"

    def _smtp(self, message: EmailMessage) -> str:
        parts = urlsplit(self.smtp_url or "")
        host, context = parts.hostname or "localhost", ssl.create_default_context()
        secure = parts.scheme == "smtps"
        port = parts.port or (465 if secure else 587)
        client: smtplib.SMTP = (
            smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
            if secure
            else smtplib.SMTP(host, port, timeout=TIMEOUT)
        )
        with client:
            client.ehlo()
            if not secure and client.has_extn("starttls"):
                client.starttls(context=context)
            if parts.username:
                client.login(unquote(parts.username), unquote(parts.password or ""))
            client.send_message(message)
        return "smtp"
