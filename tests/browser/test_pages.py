"""Every page in every theme and width: axe finds nothing, nothing scrolls sideways, nothing is cut off."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from tests import tour
from tests.tour import Stop, sign_in

SCRIPT = f"if (!window.axe) {{ {Axe().axe_script} }}"
DESK, PHONE, NARROW = (1360, 860), (390, 844), (320, 640)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = """async rules => {
  const {violations} = await axe.run({runOnly: rules, resultTypes: ['violations']})
  return violations.map(v => [v.id, v.nodes.map(node => node.html.slice(0, 160))])
}"""
# What stands out of the window or is cut off in its box; what may be scrolled, or is hidden on purpose, is left out.
SPILLS = """() => {
  const wide = document.documentElement.clientWidth, found = []
  const hidden = '.vh, .skip, svg, option, thead, dialog:not([open]), [popover]:not(:popover-open)'
  const flow = e => getComputedStyle(e).overflowX
  const scrolls = e => e && (['auto', 'scroll'].includes(flow(e)) || scrolls(e.parentElement))
  const cut = e => !e.matches('input') && ['hidden', 'clip'].includes(flow(e)) && e.clientWidth
    && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).textOverflow !== 'ellipsis'
  if (document.documentElement.scrollWidth > wide) found.push('the page scrolls sideways')
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest(hidden) || !e.getClientRects().length) continue
    const box = e.getBoundingClientRect(), out = box.width && (box.right > wide + 1 || box.left < -1)
    if (cut(e)) found.push('cut off: ' + e.outerHTML.slice(0, 160))
    else if (out && !scrolls(e.parentElement)) found.push('stands out: ' + e.outerHTML.slice(0, 160))
  }
  return found.slice(0, 3)
}"""
# Buttons that lie over a field: in a row that has no room for both, one of them wraps.
COVERED = """() => {
  const box = e => e.getBoundingClientRect(), found = []
  const over = (a, b) => a.width && b.width && a.left < b.right - 1 && b.left < a.right - 1
    && a.top < b.bottom - 1 && b.top < a.bottom - 1
  for (const row of document.querySelectorAll('main .cluster'))
    for (const button of row.querySelectorAll(':scope > .btn'))
      for (const field of row.querySelectorAll('select, input'))
        if (over(box(button), box(field))) found.push(button.textContent + ' over ' + field.name)
  return found
}"""
PARTS = 6  # for several test processes
NO_PAGES = {
    "static", "lobby.home", "lobby.health", "lobby.favicon", "media.show", "admin.contract_pdf",
    "admin.campaign_report_csv", "admin.people_export", "admin.import_progress", "admin.import_errors",
    "admin.payout_run_csv", "admin.sales_export", "admin.sales_api", "portal.payout_statement", "portal.contract_pdf",
    "admin.contract_text", "portal.contract_text", "admin.payout_file",
}  # fmt: skip
NOT_IN_THE_STORY = {
    "admin.earnings_hold",  # only a plugin that changes its mind leads there: tests/earnings
    "portal.latest",  # only a platform's connector does: tests/content
}
FORM = "main form[method=post]:has(.field)"
TYPED = "textarea, input:not([type=hidden], [type=checkbox], [type=radio], [type=submit])"
SEND_EMPTY = f"""form => {{
  for (const field of form.querySelectorAll({TYPED!r})) field.value = ''
  HTMLFormElement.prototype.submit.call(form)
}}"""


@dataclass
class Window:
    """A browser's window on the installations, which are served where the tests are."""

    page: Page
    addresses: dict[Flask, str]

    def become(self, stop: Stop, locale: str) -> None:
        """Sign in as whoever looks at it, in a language."""
        client = sign_in(stop.app, stop.visitor)
        client.post("/language", data={"locale": locale})
        self.page.context.clear_cookies()
        held = [client.get_cookie(name) for name in ("samverk", "lang")]
        self.page.context.add_cookies(
            [{"name": c.key, "value": c.value, "url": self.addresses[stop.app]} for c in held if c]
        )

    def walk(self, stops: list[Stop], locale: str = "en") -> Iterator[Stop]:
        """Open one page after the other."""
        before = None
        for stop in stops:
            if (stop.app, stop.visitor) != before:
                self.become(stop, locale)
                before = stop.app, stop.visitor
            self.page.goto(self.addresses[stop.app] + stop.path)
            yield stop

    def look(self, scheme: str, size: tuple[int, int]) -> None:
        """Choose colours and width."""
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def spills(self) -> list[str]:
        """What does not fit."""
        found: list[str] = self.page.evaluate(SPILLS)
        return found

    def send_empty(self) -> bool:
        """Send the page's form with nothing in it, past what the browser would ask for; False without a form."""
        if not self.page.locator(FORM).count():
            return False
        with self.page.expect_navigation():
            self.page.locator(FORM).first.evaluate(SEND_EMPTY)
        return True

    def axe(self) -> list[str]:
        """What axe finds wrong."""
        self.page.evaluate(SCRIPT)
        return [f"{rule}: {' | '.join(nodes[:3])}" for rule, nodes in self.page.evaluate(AXE, RULES)]


@pytest.fixture(scope="module")
def stops(blank_sqlite, tmp_path_factory) -> list[Stop]:
    return tour.everywhere(tmp_path_factory, blank_sqlite)


@pytest.fixture
def window(stops, browser: Browser) -> Iterator[Window]:
    servers = {app: make_server("127.0.0.1", 0, app, threaded=True) for app in {stop.app for stop in stops}}
    for server in servers.values():
        threading.Thread(target=server.serve_forever, daemon=True).start()
    context: BrowserContext = browser.new_context()
    yield Window(context.new_page(), {app: f"http://127.0.0.1:{server.port}" for app, server in servers.items()})
    context.close()
    for server in servers.values():
        server.shutdown()
        server.server_close()


def test_every_page_is_on_the_tour(stops):
    app = stops[0].app
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert pages - {stop.endpoint for stop in stops} == NO_PAGES | NOT_IN_THE_STORY


def told_of(stop: Stop, how: str, found: list[str]) -> list[str]:
    return [f"{stop.path} ({stop.visitor or 'nobody'}, {how}): {one}" for one in found]


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_wrong_in_either_theme_at_any_width(stops, window, part):
    faults: list[str] = []
    window.look("light", DESK)
    for stop in window.walk(stops[len(stops) * part // PARTS : len(stops) * (part + 1) // PARTS]):
        faults += told_of(stop, "desk", window.spills() + window.axe())
        window.look("dark", PHONE)
        faults += told_of(stop, "phone, dark", window.spills() + window.axe())
        window.look("light", NARROW)
        faults += told_of(stop, "narrow", window.spills())
        window.look("light", DESK)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("locale", ["fi", "sv"])
def test_long_words_fit_a_narrow_page(stops, window, locale):
    window.look("light", NARROW)
    faults = [fault for stop in window.walk(stops, locale) for fault in told_of(stop, locale, window.spills())]
    assert not faults, "\n".join(faults)


def test_forms_that_were_sent_empty(stops, window):
    faults: list[str] = []
    window.look("light", PHONE)
    first = {stop.endpoint: stop for stop in stops if 'method="post"' in stop.html}
    shown = 0
    for stop in window.walk(list(first.values())):
        if not window.send_empty():
            continue
        shown += window.page.locator("main .error").count() > 0
        faults += told_of(stop, "sent empty", window.spills() + window.axe())
    assert shown > 15
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("locale", ["fi", "nb"])
def test_no_button_lies_over_a_field_of_the_offer(stops, window, locale):
    offers = [
        stop for stop in stops if stop.endpoint in ("admin.offer_new", "admin.campaign_pay") and stop.status == 200
    ]
    assert offers
    faults: list[str] = []
    for stop in window.walk(offers, locale):
        for size in (DESK, PHONE):
            window.look("light", size)
            faults += told_of(stop, str(size), window.page.evaluate(COVERED))
    assert not faults, "\n".join(faults)
