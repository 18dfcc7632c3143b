"""Mail against a real SMTP server on loopback, and into the folder without one."""

from __future__ import annotations

import dataclasses
import email
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from core import mail, outbox, wiring
from core.instance import Instance
from core.mail import Mail, MailMessage, Postman
from core.plugin_api.text import T
from tests.servers import free_port
from tests.world import sign_in


class Inbox:
    """Keeps what an SMTP server was given; refuses the first so many."""

    def __init__(self, refuse: int = 0) -> None:
        self.refuse, self.letters = refuse, []

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            self.refuse -= 1
            return "451 try again later"
        self.letters.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 taken"


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def smtp(inbox):
    port = free_port()
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    yield f"smtp://127.0.0.1:{port}"
    server.stop()


def write(instance, locale="fi"):
    letter = Mail(
        kind="test",
        subject=T("Choose a new password"),
        paragraphs=(T("Saved."),),
        link="https://samverk.example/x",
        link_label=T("Sign in"),
    )
    with instance.database.write() as session:
        return mail.send(session, letter, to="aino@example.com", name="Äinö Ö", locale=locale).id


def row(instance, number):
    with instance.database.session() as session:
        return session.scalar(select(MailMessage).where(MailMessage.id == number))


def test_a_mail_goes_out_by_smtp_once(instance, smtp, inbox, tmp_path):
    wiring.connect(instance)
    outbox.register("mail.send", Postman(smtp, "Samverk <no-reply@samverk.example>", tmp_path).deliver, outside=True)
    number = write(instance)
    outbox.drain(instance.database)
    outbox.drain(instance.database)
    (letter,) = inbox.letters
    assert letter["To"] == "aino@example.com"
    assert "https://samverk.example/x" in letter.get_content()
    assert "Äinö Ö" in letter.get_content()
    assert row(instance, number).way == "smtp" and row(instance, number).sent_at is not None


def test_a_refused_mail_waits_and_is_not_lost(instance, smtp, inbox, tmp_path):
    inbox.refuse = 1
    wiring.connect(instance)
    outbox.register("mail.send", Postman(smtp, "Samverk <no-reply@samverk.example>", tmp_path).deliver, outside=True)
    number = write(instance)
    outbox.drain(instance.database)
    assert row(instance, number).sent_at is None
    with instance.database.session() as session:
        (job,) = session.scalars(select(outbox.OutboxJob))
    assert job.state == "pending" and job.attempts == 1


def test_without_a_server_it_lands_in_the_folder(instance):
    wiring.connect(instance)
    number = write(instance)
    outbox.drain(instance.database)
    (file,) = (instance.settings.instance / "mail").iterdir()
    letter = email.message_from_bytes(file.read_bytes(), policy=default)
    assert letter["Content-Language"] == "fi"
    assert row(instance, number).way == "folder"


def test_a_header_cannot_be_smuggled_in(instance):
    letter = Mail(
        kind="test", subject=T("Join %(brand)s in Samverk", brand="X\r\nBcc: evil@example.com"), paragraphs=()
    )
    with instance.database.write() as session:
        made = mail.send(session, letter, to="aino@example.com", name="", locale="en")
    assert "\n" not in made.subject


TOKEN = "t0ken-" + "x" * 30


def opening(instance, kind, to):
    letter = Mail(
        kind="reset" if kind == "reset" else "x",
        subject=T("Saved."),
        paragraphs=(T("Saved."),),
        link=f"https://samverk.example/{kind}/{TOKEN}",
        link_label=T("Sign in"),
    )
    with instance.database.write() as session:
        return mail.send(session, letter, to=to, name="", locale="en").public_id


@pytest.mark.parametrize("kind", ["join", "reset", "portal/i"])
def test_what_was_sent_keeps_no_link_that_lets_somebody_in(instance, smtp, inbox, tmp_path, kind):
    wiring.connect(instance)
    outbox.register("mail.send", Postman(smtp, "Samverk <no-reply@samverk.example>", tmp_path).deliver, outside=True)
    opening(instance, kind, "aino@example.com")
    outbox.drain(instance.database)
    (letter,) = inbox.letters
    assert TOKEN in letter.get_content()
    kept = row(instance, 1).body
    assert TOKEN not in kept and f"https://samverk.example/{kind}/…" in kept


@pytest.mark.parametrize(
    ("kind", "to", "server", "shown"),
    [
        ("join", "aino@example.com", None, True),
        ("portal/i", "aino@example.com", None, True),
        ("reset", "aino@example.com", None, False),
        ("reset", "owner@example.com", None, True),
        ("join", "aino@example.com", "smtp://127.0.0.1:1", False),
        ("reset", "owner@example.com", "smtp://127.0.0.1:1", False),
    ],
)
def test_the_admin_is_shown_only_links_that_must_be_handed_on(instance, committed, kind, to, server, shown):
    from wsgi import make_app

    here = Instance(dataclasses.replace(instance.settings, smtp_url=server))
    app = make_app(here)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    sign_in(client, "owner")
    page = client.get(f"/admin/mail/{opening(instance, kind, to)}").text
    here.database.engine.dispose()
    assert f"https://samverk.example/{kind}/" in page
    assert (TOKEN in page) is shown and ("is left out here" in page) is not shown
