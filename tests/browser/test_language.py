"""A language is chosen while a form is half filled in."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser


def test_what_was_typed_is_still_there_in_the_other_language(browser: Browser, serve: Callable[..., str]) -> None:
    page = browser.new_page(locale="en-GB")
    page.goto(f"{serve()}/setup")
    page.fill("[name=name]", "Aino Laine")
    page.fill("[name=email]", "aino@example.com")
    page.fill("[name=password]", "a secret of ten letters")
    page.select_option("[name=country]", "NO")
    with page.expect_navigation():
        page.click("form.languages [value=fi]")
    assert page.get_attribute("html", "lang") == "fi"
    values = [page.input_value(f"[name={name}]") for name in ("name", "email", "password", "country")]
    assert values == ["Aino Laine", "aino@example.com", "", "NO"]
    page.reload()
    assert page.input_value("[name=email]") == ""
    assert page.evaluate("sessionStorage.getItem('typed')") is None
    page.close()
