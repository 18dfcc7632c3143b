"""What no person means: numbers beyond the database, letters nobody sees, texts without end. Never a fault of ours."""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import product

import pytest
from sqlalchemy import select

from core.accounts.models import Person
from tests.web.test_doors import entitled, rules
from tests.world import sign_in

RUBBISH = [
    "before=9999999999999999999999", "before=9223372036854775808", "before=2147483648", "before=-1", "before=x",
    "at=%00", "at=[%22a%22,1,99999999999]", "sort=name&at=[%22a%22,%22%5Cud800%22,1]", "page=9999999999999999999999",
    "page=-1", "after=99999999999", "q=%ED%A0%80", "version=99999999999999999999", "kind=x&account=%ED%A0%80",
    "sales=99999999999999999999&order=-1", "currency=%EF%BF%BF",
]  # fmt: skip


@pytest.mark.parametrize("visitor", ["owner", "influencer"])
def test_rubbish_in_the_address_breaks_no_list(app, client, committed, visitor):
    sign_in(client, visitor)
    pages = [rule for rule in rules(app) if "GET" in rule.methods and not rule.arguments]
    lists = [page.rule for page in pages if entitled(visitor, app.view_functions[page.endpoint].permission)]
    assert len(lists) > 10
    asked = [f"{path}?{query}" for path in lists for query in RUBBISH]
    assert {url: status for url in asked if (status := client.get(url, buffered=True).status_code) >= 500} == {}


ODD = ["a\x00b", "x" * 5001, "9" * 30, "Olga \u202ereniwO", "9999-12-31"]


class Fields(HTMLParser):
    """The forms of a page that are posted: where to, and what they hold."""

    def __init__(self):
        super().__init__()
        self.forms, self.name = [], ""

    def handle_starttag(self, tag, attrs):
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            self.forms.append((given.get("method", "").lower(), given.get("action", ""), {}))
        name = given.get("name", "")
        if tag in ("input", "textarea") and name and self.forms:
            ticked = given.get("type") not in ("checkbox", "radio") or "checked" in given
            self.forms[-1][2].setdefault(name, given.get("value", "") if ticked else "")
        if tag == "select":
            self.name = name
        if tag == "option" and self.forms and ("selected" in given or self.name not in self.forms[-1][2]):
            self.forms[-1][2][self.name] = given.get("value", "")


def pages(app, client, visitor, made):
    """Every page with a form that this visitor may see: those without arguments, and those of what was made."""
    for rule in rules(app):
        if "GET" in rule.methods and entitled(visitor, app.view_functions[rule.endpoint].permission):
            filled = next((path for start, path in made.items() if rule.rule.startswith(start)), "")
            if not rule.arguments or (filled and len(rule.arguments) == 1):
                yield filled + rule.rule.partition(">")[2] if rule.arguments else rule.rule


def grown(client):
    """A campaign and a person, made as one makes them; where their pages begin."""
    campaign = client.post("/admin/campaigns/new", data={"name": "Autumn"}).headers["Location"].rsplit("/", 1)[0]
    known = {"display_name": "Aino", "email": "aino@example.com", "country": "FI", "language": "fi"}
    known |= {"platform": "instagram", "handle": "aino", "address_country": ""}
    person = client.post("/admin/people/new", data=known).headers["Location"]
    return {"/admin/campaigns/<": campaign, "/admin/people/<": person}


@pytest.mark.parametrize("visitor", ["owner", "influencer"])
def test_odd_words_break_no_form(app, client, committed, visitor):
    sign_in(client, visitor)
    made = grown(client) if visitor == "owner" else {}
    tried, wrong = set(), {}
    for page in pages(app, client, visitor, made):
        read = Fields()
        read.feed(client.get(page).text)
        for method, action, fields in read.forms:
            if method != "post" or (target := action or page) in tried or target.startswith(("/sign-out", "/language")):
                continue
            tried.add(target)
            usual = {name: value or "1" for name, value in fields.items() if name != "csrf_token"}
            for name, odd in product(usual, ODD):
                if (status := client.post(target, data={**usual, name: odd}).status_code) >= 500:
                    wrong[target, name, odd[:12]] = status
    assert len(tried) > (20 if visitor == "owner" else 3), tried
    assert wrong == {}


def test_a_name_with_turned_letters_is_refused_at_its_field_and_unseen_ones_are_dropped(client, committed, instance):
    sign_in(client, "owner")
    given = {"locale": "en", "timezone": "Europe/Helsinki", "theme": "system"}
    refused = client.post("/account", data={**given, "name": "Olga \u202ereniwO"})
    assert refused.status_code == 200 and "turn the order of the letters" in refused.text
    assert client.post("/account", data={**given, "name": "Ol\u200bga\u00ad Owner\ufeff"}).status_code == 303
    with instance.database.session() as session:
        assert session.scalar(select(Person.name).where(Person.email == "owner@example.com")) == "Olga Owner"


@pytest.mark.parametrize(("day", "words"), [("9999-12-31", "between"), ("0001-01-01", "between"), ("soon", "päivä")])
def test_a_day_far_away_is_told_at_its_field(client, committed, day, words):
    sign_in(client, "owner")
    page = client.post("/admin/campaigns/new", data={"name": "Autumn"}).headers["Location"]
    if words == "päivä":
        client.post("/language", data={"locale": "fi"})
    answer = client.post(page, data={"name": "Autumn", "starts_on": day})
    assert answer.status_code in (200, 422) and words in answer.text


@pytest.mark.parametrize(("budget", "taken"), [("100000000000", True), ("100000000000.01", False), ("9" * 30, False)])
def test_a_budget_has_an_upper_end(client, committed, budget, taken):
    sign_in(client, "owner")
    campaign = client.post("/admin/campaigns/new", data={"name": "Autumn"}).headers["Location"].rsplit("/", 1)[0]
    days = {"due_days": "14", "hold_days": "30", "review_days": "3", "revision_rounds": "2", "offer_days": "7"}
    answer = client.post(f"{campaign}/budget", data={**days, "budget": budget})
    assert (answer.status_code == 303) is taken
    assert taken or "too large" in answer.text
