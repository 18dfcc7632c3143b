"""What no person means: numbers beyond the database, letters nobody sees, texts without end. Never a fault of ours."""

from __future__ import annotations

import pytest

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
    assert {url: status for url in asked if (status := client.get(url).status_code) >= 500} == {}
