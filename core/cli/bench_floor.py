"""The floor that pages are compared with: the same rows by sqlite3, the same markup by Jinja, nothing else.

The list's rows come from one hand-written statement; what the page reads beside them (who is signed
in, the brands, the counts) is read by its own statements as they stand. Numbers, money and dates are
written by Babel, as a page in four languages needs, from patterns read once. The markup around the
rows is taken word for word from the application's answer, so it costs the floor nothing; the floor
knows no rights, no gettext and no shared macros.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date
from jinja2 import Environment

OPEN, CLOSE = '<tbody role="rowgroup">', "</tbody>"
PEOPLE_SQL = """
SELECT public_id, display_name, vetting_state, platform, handle, country, followers, engagement_ppm, tags
FROM relationship WHERE brand_id = 1 AND archived_at IS NULL ORDER BY followers DESC NULLS LAST, id DESC LIMIT 50
"""
PEOPLE_ROWS = """
{% for r in rows %}
<tr role="row">
  <td role="cell" class="lead"><span class="name">
  <span class="avatar" data-hue="1" aria-hidden="true">{{ r.display_name[:1] }}</span>
  <span><a class="rowlink" href="/admin/people/{{ r.public_id }}">{{ r.display_name }}</a>
  <small>{{ r.platform }} · @{{ r.handle }} · {{ r.country }}</small></span></span></td>
  <td role="cell" class="state"><span class="pill" data-tone="quiet">{{ r.vetting_state }}</span></td>
  <td role="cell" data-label="Tier">
  {{ "Mega" if r.followers >= 1000000 else "Macro" if r.followers >= 100000 else "Micro" }}</td>
  <td role="cell" class="num half" data-label="Followers">{{ r.followers|number }}</td>
  <td role="cell" class="num half" data-label="Engagement">{{ r.engagement_ppm|rate }}</td>
  <td role="cell" class="wide"><span class="chips">
  {% for tag in r.tags %}<span class="chip">{{ tag }}</span>{% endfor %}</span></td>
</tr>
{% endfor %}
"""
CAMPAIGNS_SQL = """
SELECT c.public_id, c.name, c.state, c.markets, c.budget_minor, c.currency, c.ends_on, b.name AS brand,
  coalesce(a.balance, 0) AS committed
FROM campaign c JOIN brand b ON b.id = c.brand_id
LEFT JOIN ledger_account a ON a.brand_id = c.brand_id AND a.code = 'campaign:' || c.id || ':committed'
WHERE c.brand_id = 1 ORDER BY c.id DESC LIMIT 50
"""
CAMPAIGNS_ROWS = """
{% for r in rows %}
<tr role="row">
  <td role="cell" class="lead"><span class="name"><span class="mark" aria-hidden="true">{{ r.markets[0] }}</span>
  <span><a class="rowlink" href="/admin/campaigns/{{ r.public_id }}">{{ r.name }}</a>
  <small>{{ r.brand }}</small></span></span></td>
  <td role="cell" class="state"><div class="states"><span class="pill" data-tone="ok">{{ r.state }}</span></div></td>
  <td role="cell" class="half" data-label="Influencers"><span class="muted">nobody yet</span></td>
  <td role="cell" class="wide"></td>
  <td role="cell" class="num half" data-label="Reserved">
  <b><bdi class="amount">{{ r.committed|money(r.currency) }}</bdi></b>
  <small class="sub">Budget {{ r.budget_minor|money(r.currency) }}</small></td>
  <td role="cell" class="num gone" data-label="End">{{ r.ends_on|day }}</td>
</tr>
{% endfor %}
"""
EN = Locale("en")
NUMBER, PERCENT, CURRENCY = EN.decimal_formats[None], EN.percent_formats[None], EN.currency_formats["standard"]
FILTERS: dict[str, Callable[..., str]] = {
    "number": lambda value: NUMBER.apply(value, EN),
    "rate": lambda ppm: PERCENT.apply(Decimal(ppm) / 1_000_000, EN),
    "money": lambda minor, currency: CURRENCY.apply(Decimal(minor) / 100, EN, currency=currency),
    "day": lambda value: format_date(date.fromisoformat(value), "medium", EN),
}
LIST = "DESC\n LIMIT ? OFFSET ?"  # only the list itself is cut to a page
FLOORS = {
    "/admin/people": (PEOPLE_SQL, PEOPLE_ROWS, "tags"),
    "/admin/campaigns": (CAMPAIGNS_SQL, CAMPAIGNS_ROWS, "markets"),
}


def floor_of(url: str, answer: str, asked: list[tuple[str, tuple[Any, ...]]], database: Path) -> Callable[[], str]:
    """A function that makes the page of `url` from the database file with nothing but sqlite3 and Jinja.

    `answer` is the application's page, `asked` the statements with their parameters that it took.
    """
    sql, rows, listed = FLOORS[url]
    beside = [(statement, given) for statement, given in asked if not statement.endswith(LIST)]
    head, rest = answer.split(OPEN, 1)
    tail = rest.split(CLOSE, 1)[1]
    environment = Environment(autoescape=True)
    environment.filters |= FILTERS
    template = environment.from_string("{{ head|safe }}" + OPEN + rows + CLOSE + "{{ tail|safe }}")
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row

    def page() -> str:
        for statement, given in beside:
            connection.execute(statement, given).fetchall()
        found: list[dict[str, Any]] = [dict(row) for row in connection.execute(sql)]
        for row in found:
            row[listed] = json.loads(row[listed])
        return template.render(head=head, tail=tail, rows=found)

    return page
