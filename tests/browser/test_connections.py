"""The page of connections with everything on it that the told example does not have: in both themes, at every width."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from core import clock
from tests.browser.test_pages import DESK, NARROW, PHONE, Window
from tests.feeds.conftest import Scene, instance, moment, scene, shop  # noqa: F401 - fixtures
from tests.world import sign_in


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("locale", ["en", "fi"])
def test_every_standing_fits_and_can_be_read(
    scene: Scene,  # noqa: F811
    app: Flask,
    client: FlaskClient,
    browser: Browser,
    locale: str,
) -> None:
    back = [scene.refund(f"order-{number}-returned", "an-order-from-elsewhere-2026", 100) for number in range(2)]
    scene.shop.pages["token-of-ours"] = [[scene.order("1"), *back]]
    scene.minute()
    scene.send(client, b"<html>")
    scene.fill(scene.world.other_brand, "a-token-that-is-over")
    scene.minute(timedelta(minutes=3))
    app.wsgi_app = Late(app.wsgi_app, scene)  # type: ignore[method-assign]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address, context = f"http://127.0.0.1:{server.port}", browser.new_context()
    window, faults = Window(context.new_page(), {}), []
    for visitor, words in (("owner", "order-1-returned"), ("outsider", "•••")):
        own = sign_in(app.test_client(), visitor)
        own.post("/language", data={"locale": locale})
        held: Any = [own.get_cookie(name) for name in ("samverk", "lang")]
        context.clear_cookies()
        context.add_cookies([{"name": c.key, "value": c.value, "url": address} for c in held if c])
        for scheme, size in (("light", DESK), ("dark", PHONE), ("light", NARROW)):
            window.look(scheme, size)
            window.page.goto(f"{address}/admin/sales/connections")
            assert words in window.page.inner_text("main")
            faults += [f"{visitor} {scheme} {size}: {one}" for one in window.spills() + window.axe()]
    context.close()
    server.shutdown()
    server.server_close()
    assert not faults, "\n".join(faults)


class Late:
    """The app as it answers at the scene's moment, in whatever thread."""

    def __init__(self, app: Any, scene: Scene) -> None:  # noqa: F811
        self.app, self.scene = app, scene

    def __call__(self, environ: Any, start_response: Any) -> Any:
        with clock.frozen(self.scene.moment[0]):
            return self.app(environ, start_response)
