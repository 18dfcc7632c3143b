"""What cannot be sent loses nothing that was typed: too large, refused by the server, or no network."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from core.instance import Instance
from core.settings import load
from tests.content import stage as scene
from tests.world import build as build_world
from tests.world import sign_in

LARGE = {"name": "film.mp4", "mimeType": "video/mp4", "buffer": b"0" * 1_100_000}
SMALL = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"not a picture"}
TYPED = "Every word of this took me an hour."


@pytest.fixture
def page(blank_sqlite: Path, tmp_path: Path, browser: Browser) -> Iterator[Page]:
    """The influencer's draft page, on an installation that takes one megabyte."""
    from wsgi import make_app

    (tmp_path / "secret_key").write_text("k" * 64)
    (tmp_path / "samverk.db").write_bytes(blank_sqlite.read_bytes())
    url = f"sqlite:///{tmp_path / 'samverk.db'}"
    settings = {"SAMVERK_INSTANCE": str(tmp_path), "SAMVERK_TESTING": "1", "SAMVERK_MAX_UPLOAD_MB": "1"}
    instance = Instance(load({**settings, "SAMVERK_DATABASE_URL": url}))
    with instance.database.write() as session:
        stage = scene.build(session, build_world(session))
    app: Flask = make_app(instance)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.port}"
    app.config["WTF_CSRF_ENABLED"] = False
    cookie = sign_in(app.test_client(), "influencer").get_cookie("samverk")
    assert cookie is not None
    app.config["WTF_CSRF_ENABLED"] = True
    context = browser.new_context()
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    opened = context.new_page()
    opened.goto(f"{address}/portal/deliverables/{stage.first.public_id}/draft")
    opened.fill("[name=caption]", TYPED)
    yield opened
    context.close()
    server.shutdown()
    server.server_close()
    instance.database.engine.dispose()


def said(page: Page) -> str:
    """What the file field says is wrong with it."""
    message: str = page.eval_on_selector("[name=media]", "input => input.validationMessage")
    return message


def test_too_large_is_said_before_it_travels(page: Page) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.set_input_files("[name=media]", LARGE)  # type: ignore[arg-type]
    assert "larger than 1 MB" in said(page)
    page.click("button[value=send]:visible")
    assert "POST" not in sent
    assert page.input_value("[name=caption]") == TYPED
    page.set_input_files("[name=media]", [])
    assert said(page) == ""


def test_a_wrong_kind_is_answered_with_the_form_as_it_was(page: Page) -> None:
    page.set_input_files("[name=media]", SMALL)  # type: ignore[arg-type]
    page.click("button[value=send]:visible")
    page.wait_for_selector("text=This kind of file is not taken")
    assert page.input_value("[name=caption]") == TYPED


@pytest.mark.parametrize("status", [413, 502, None])
def test_a_refusal_or_a_lost_line_leaves_the_form(page: Page, status: int | None) -> None:
    page.route("**/draft", lambda route: route.fulfill(status=status, body="No") if status else route.abort())
    page.set_input_files("[name=media]", SMALL)  # type: ignore[arg-type]
    page.click("button[value=send]:visible")
    page.wait_for_function("document.querySelector('[name=media]').validationMessage")
    assert ("larger than" if status == 413 else "Try again") in said(page)
    assert page.input_value("[name=caption]") == TYPED
    assert page.is_enabled("button[value=send]:visible")


def test_a_field_named_action_does_not_lead_astray(page: Page) -> None:
    page.evaluate("""() => document.querySelector('#draft').insertAdjacentHTML('beforeend',
        '<input name=action value=nowhere><input name=submit value=x>')""")
    page.set_input_files("[name=media]", SMALL)  # type: ignore[arg-type]
    with page.expect_request(lambda request: request.method == "POST") as asked:
        page.click("button[value=send]:visible")
    assert asked.value.url.endswith("/draft")
