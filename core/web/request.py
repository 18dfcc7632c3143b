"""What a view needs of its request: the session, the actor, one way to finish and one to fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

from flask import current_app, flash, g, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import Form

from core import jobs
from core.accounts.models import LoginSession, Person
from core.database import MOST_KEY
from core.errors import Invalid, Refused
from core.instance import Instance
from core.permissions import Actor

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def instance() -> Instance:
    """The installation this process serves."""
    return cast(Instance, current_app.extensions["samverk"])


def db() -> Session:
    """The request's session; a request that may write takes the write lock at once on SQLite."""
    if "db" not in g:
        g.db = instance().database.session(write=request.method not in SAFE)
    return cast(Session, g.db)


def cookie_name() -> str:
    """The sign-in cookie's name: bound to the host where https allows it."""
    return "__Host-samverk" if instance().settings.secure else "samverk"


def actor() -> Actor:
    """Who acts in this request; anonymous has no person."""
    return cast(Actor, g.get("actor") or Actor())


def person() -> Person:
    """The signed-in person; only behind a route that needs one."""
    return cast(Person, g.person)


def login() -> LoginSession | None:
    """The signed-in session, None for the anonymous."""
    return cast("LoginSession | None", g.get("login"))


def commit(*, wake: bool = True) -> None:
    """Make the request's changes real, and wake the worker if there is work for it.

    Without `wake` that is left to the next commit, `done` as a rule.
    """
    session = db()
    session.commit()
    if wake and session.info.pop("outbox_wake", False):
        jobs.wake()


def let_go() -> None:
    """Give the session back before something slow; the next `db()` is a new one, and knows nothing of this one."""
    session = g.pop("db", None)
    if session is not None:
        session.close()


def keep_until_sent(answer: Response) -> None:
    """Close the session when an answer that is still reading is sent, instead of when the view is over.

    A session that was closed too early opens again at the next row, and nobody would give its connection back.
    """
    session, sent = g.pop("db", None), answer.response
    if session is None:
        return

    def closing() -> Iterator[Any]:
        with session:
            yield from sent

    answer.response = closing()
    answer.call_on_close(session.close)  # nothing may ever be sent, as for a HEAD


def done(url: str, message: str | None = None) -> Response:
    """Commit, tell, and send the reader on with a 303."""
    commit()
    if message:
        flash(message, "ok")
    return redirect(url, 303)


@contextmanager
def saving(form: Form) -> Iterator[None]:
    """Turn a service's `Invalid` or `Refused` into an error at the form's field; nothing is kept."""
    try:
        yield
    except (Invalid, Refused) as error:
        db().rollback()
        field = form._fields.get(getattr(error, "field", None) or "")
        if field is not None:
            field.errors = [*field.errors, str(error.message)]
        else:
            form.form_errors.append(str(error.message))


def values(form: Form, *without: str) -> dict[str, Any]:
    """A form's data as keyword arguments of a service, without CSRF token and buttons."""
    skip = {"csrf_token", "submit", *without}
    return {name: value for name, value in form.data.items() if name not in skip}


def safe_path(target: str | None, fallback: str) -> str:
    """A path on this site, or the fallback: never another host."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target:
        return fallback
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and target.isprintable() else fallback


def back(fallback: str | None = None) -> str:
    """The page the reader came from if it is ours, else the fallback, else home."""
    home = fallback or url_for("lobby.home")
    referrer = urlsplit(request.referrer or "")
    if referrer.netloc and referrer.netloc != request.host:
        return home
    return safe_path(referrer.path + (f"?{referrer.query}" if referrer.query else ""), home)


def whole(name: str, usual: int = 0, most: int = MOST_KEY) -> int:
    """A whole number that the form, else the address carries; `usual` for rubbish, none and more than `most`."""
    raw = request.form.get(name) or request.args.get(name, "")
    number = int(raw) if raw.isdecimal() and len(raw) <= len(str(MOST_KEY)) else None
    return usual if number is None or number > most else number


def page_arg(name: str = "page") -> int:
    """A page number from the URL; rubbish is page 1."""
    return max(whole(name, 1, 1_000_000), 1)


def before_arg() -> int | None:
    """The key that a page of a list begins after, None on its first page and for rubbish."""
    return whole("before") or None
