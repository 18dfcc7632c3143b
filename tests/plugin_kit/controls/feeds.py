"""Platforms and shops that break a promise."""

from __future__ import annotations

from tests.plugin_kit.controls.changes import INIT, Control, init

STRANGERS = """    def forget(self, ctx, external_id):
        if external_id == "nobody":
            raise KeyError(external_id)"""
KEEP = 'ctx.keep_secret("refresh_token", told["refresh"])'
LATER = f"self.later = lambda: {KEEP}"
GET = 'return self._told(ctx.http.request("GET", API + path, headers=self._signed(ctx)))'
GET_LATER = GET.replace("return", "told =") + "\n        self.later()\n        return told"
BACK = 'RefundRecord(order["id"], "1", -amount, at)'

MARKED = 'told["next"] and (NEXT.update({"p" + told["next"]: told["next"]}) or "p" + told["next"])'
"""Cursors that stand for what is remembered in the module."""

CONTROLS: dict[str, list[Control]] = {
    "good_platform": [
        ("types", init("tzinfo=UTC", "")),
        ("types", init("{k: v for k", "{k: str(v) for k")),
        ("types", init('Post(post["id"], post["url"])', 'Post(post["id"], post["url"], datetime(2026, 1, 1))')),
        ("types", init('Disclosure(told["ad"])', 'told["ad"] is True or None')),
        ("secrets", init('AuthExpired(T("Connect again."))', "AuthExpired(T(str(ctx.secrets)))")),
        (
            "paging",
            init(
                'Page([Post(post["id"], post["url"]) for post in told["posts"]], told["next"])',
                'Page([Post(post["id"], post["url"]) for post in told["posts"]], None)',
            ),
        ),
        (
            "paging",
            init(
                'for post in told["posts"]], told["next"])',
                'for post in told["posts"]], cursor and told["next"] or "0")',
            ),
        ),
        (
            "paging",
            {
                INIT: [
                    ("\n\nclass Plat(", "\nNEXT = {}\n\n\nclass Plat("),
                    ('for post in told["posts"]], told["next"])', f'for post in told["posts"]], {MARKED})'),
                    ("after={cursor or ''}", "after={NEXT.get(cursor, '')}"),
                ]
            },
        ),
        ("errors", init("if answer.status >= 500:", "if answer.status > 500:")),
        ("errors", init("if answer.status in (401, 403):", "if answer.status == 401:")),
        ("nulls", init('followers=told["followers"]', 'followers=told["followers"] or 0')),
        ("nulls", {INIT: [("{k: v for", "{k: v or 0 for"), (" if v is not None}", "}")]}),
        ("nulls", init('told["ad"]', 'told["ad"] or False')),
        (
            "mangled",
            init(
                "except (AttributeError, KeyError, TypeError, ValueError)", "except (KeyError, TypeError, ValueError)"
            ),
        ),
        ("mangled", init('followers=told["followers"]', 'followers=told["followers"] and int(told["followers"])')),
        ("platform", init('    name = "good_plat"\n', '    name = "good_plat"\n    platform = "Instagram"\n')),
        (
            "addresses",
            init(
                'host, _, post = url.removeprefix("https://").partition("/p/")',
                'host, post = url.removeprefix("https://").split("/p/")',
            ),
        ),
    ],
    "good_source": [
        ("types", init('datetime.fromisoformat(order["at"])', 'datetime.fromisoformat(order["at"][:19])')),
        ("types", init('"refund_of"], amount, at)', '"refund_of"], amount, at.replace(tzinfo=None))')),
        ("types", init('SaleRecord(order["id"], amount, at, order["code"])', BACK)),
        (
            "types",
            init('parse_moment(row["sold_at"], zone)', 'parse_moment(row["sold_at"], zone).replace(tzinfo=None)'),
        ),
        ("renewed", init(KEEP, "pass")),
        ("renewed", {INIT: [(KEEP, LATER), (GET, GET_LATER)]}),
        ("renewed", init(KEEP, KEEP.replace("told", "2 * told"))),
        ("renewed", {"fake.py": ('| {"refresh_token"', '| {"other"')}),
        ("forgets", init("    def forget(self, ctx, external_id):", STRANGERS)),
        ("errors", init('int(answer.headers.get("Retry-After", 60))', "60")),
        ("errors", init("            raise BadAnswer(", "            raise Unavailable(")),
        ("example", init('"49,90"', '"forty-nine"')),
        ("rows", init("except (Invalid, ValueError) as error:", "except Invalid as error:")),
        ("rows", init("errors.append(RowError(row.line, ", "errors.append(RowError(row.line - 1, ")),
    ],
}
