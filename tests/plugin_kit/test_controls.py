"""For every check a plugin that breaks this promise and no other: a good one with a word changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.plugin_kit.checks import known
from tests import servers
from tests.plugin_kit.bench import Changes, failed, put, subject_of

INIT = "__init__.py"
START = "        lines = []\n"
NETTED = """for fact in refunds:
                left = max(left - fact.amount, left - left)
            for fact in (sale,):
"""
FIRST_VALUE = "due = left.percent(terms.percent(next(iter(terms.values))))"
SUBMIT = 'return {order.reference: self._send(ctx, order, f"{key}:{order.reference}") for order in batch.orders}'
FRESH_KEYS = """found = {o.reference: self._send(ctx, o, f"{key}:{self.run}:{o.reference}") for o in batch.orders}
        self.run += all(isinstance(outcome, Accepted) for outcome in found.values())
        return found

    run = 0"""
NO_SUCH_MONTH = """  - id: XX-08
    kind: info
    title: Something to know
    basis: statute
    confidence: official
    source: {title: The gazette of X, url: "https://law.test/8"}
    valid_from: "2020-13"
"""
ONCE = """self.times = getattr(self, "times", 0) + 1
        return [Share] if self.times == 1 else []"""
COUNTED = """        told = json.loads(body)
        self.count = getattr(self, 'count', 0) + 1
        told['id'] += str(self.count)
"""
STRANGERS = """    def forget(self, ctx, external_id):
        if external_id == "nobody":
            raise KeyError(external_id)"""
EACH_TIME = """f"{batch.id}.{next(self.__dict__.setdefault('n', iter(range(99))))}\""""
TWO_OF_THREE = """for order in batch.orders if not order.reference.endswith("3") or not self._send(
            ctx, order, f"{key}:{order.reference}")}"""
MADE_UP = """            if answer.status == 404:
                found[reference] = Accepted('?')
            if answer.status == 200:
"""
KEEP = 'ctx.keep_secret("refresh_token", told["refresh"])'
LATER = f"self.later = lambda: {KEEP}"
GET = 'return self._told(ctx.http.request("GET", API + path, headers=self._signed(ctx)))'
GET_LATER = GET.replace("return", "told =") + "\n        self.later()\n        return told"
SECOND = "migrations/versions/0002_seen.py"
STEP = "migrations/versions/0001_note.py"
STRICTER: Changes = {
    INIT: (
        "colour: Mapped[str | None] = internal(String(9))",
        'colour: Mapped[str] = internal(String(9), default="red")',
    ),
    SECOND: [
        (
            "as table:\n        table.add",
            'as table:\n        table.alter_column("colour", nullable=False)\n        table.add',
        ),
        (
            "as table:\n        table.drop",
            'as table:\n        table.alter_column("colour", nullable=True)\n        table.drop',
        ),
    ],
}
"""A column that may be empty becomes one that may not, and the rows with nothing in it are forgotten."""
VIEW = "x/good_pages/hello.html"
NOTES = "templates/x/good_tables/notes.html"
SILENT = "\n    def check(self, context):\n        return []\n"
TRAP = """
    def check(self, context):
        from samverk import Basis, Blocks, Confidence, Finding, Verdict

        if "paid" in context.benefits or not (context.caption or "").startswith("Advert"):
            return []
        found = Verdict.VIOLATION, Blocks.NEVER, T("Nothing"), None, Basis.STATUTE, Confidence.OFFICIAL
        return [Finding(self.id, "1", "XX", *found, self.source)]
"""
BACK = 'RefundRecord(order["id"], "1", -amount, at)'

FORGETFUL = """
    seen = []

    def check(self, context):
        from samverk import Basis, Blocks, Confidence, Finding, Verdict

        self.seen.append(context)
        found = Verdict.OK, Blocks.NEVER, T("Nothing"), None, Basis.STATUTE, Confidence.OFFICIAL
        return [Finding(self.id, str(len(self.seen)), "XX", *found, self.source)]
"""


def init(old: str, new: str) -> Changes:
    return {INIT: (old, new)}


def model(old: str, new: str, needs: str = "") -> Changes:
    """A change to the model without its rate, which would tell the same fault a second time."""
    imported = (
        ("    Line,\n", "    Line,\n    Money,\n")
        if needs == "Money"
        else ("\nfrom samverk", f"\nimport {needs}\nfrom samverk")
    )
    return {INIT: [("    def rate(", "    def _rate("), *([imported] if needs else []), (old, new)]}


def field(text: str) -> Changes:
    """A rail that asks its payees something."""
    asked = (
        '    title = T("Bank")\n\n    def submit',
        f'    title = T("Bank")\n    payee_fields = ({text},)\n\n    def submit',
    )
    return {INIT: [("    Accepted,\n", "    Accepted,\n    FieldKind,\n    SettingField,\n"), asked]}


DIALLED = """phone = details["phone"] or "+"
        import socket

        socket.socket().close()"""

ONBOARDING = """    def onboard(self, ctx, payee):
        import logging

        from samverk import Onboarding

        logging.getLogger("bank").info("paid to %s", payee.iban)
        return Onboarding(ready=True)

    def step("""

CONTROLS: list[tuple[str, str, Changes]] = [
    ("api", "good_model", init("api_version = 1", "api_version = 2")),
    ("manifest", "good_model", init('    name = "good_model"\n', "")),
    (
        "manifest",
        "good_model",
        init('    name = "good_model"\n    title = T("Share")', '    name = "good_model"\n    title = T(" ")'),
    ),
    ("manifest", "good_model", init("    api_version = 1", '    api_version = 1\n    scope = "brand"')),
    ("contract", "good_model", init("def register_payment_models", "def register_payment_model")),
    (
        "contract",
        "good_model",
        init("    def describe(", "    def describes(self):\n        pass\n\n    def describe("),
    ),
    ("contract", "good_model", init("return [Share]", "return Share")),
    ("loads", "good_model", init("class Share", "import no_such_module\n\n\nclass Share")),
    ("loads-with-all", "good_model", init('name = "good_share"', 'name = "commission"')),
    ("loads-twice", "good_model", init("return [Share]", ONCE)),
    ("imports", "good_model", init("\nfrom samverk", "\nfrom core.money import total\nfrom samverk")),
    ("imports", "good_model", {"late.py": ("", "def later():\n    import flask\n    return flask\n")}),
    (
        "imports",
        "good_model",
        {"late.py": ("", "import importlib\n\ncore = importlib.import_module('core.database')\n")},
    ),
    ("imports", "good_model", {"late.py": ("", "from plugins.payment_models import fixed\n")}),
    ("no-float", "good_model", init("class Share", "HALF = 0.5\n\n\nclass Share")),
    ("words", "good_pages", {"translations/sv/LC_MESSAGES/good_pages.po": ('msgstr "Dagar"', 'msgstr ""')}),
    ("words", "good_pages", {"translations/sv/LC_MESSAGES/good_pages.po": ("God dag, %(name)s", "God dag, %(namn)s")}),
    ("words", "good_pages", {f"templates/{VIEW}": ("Good day,", "Good night,")}),
    ("words", "good_pages", {"translations/nb/LC_MESSAGES/other.po": ("", 'msgid ""\nmsgstr ""\n')}),
    ("domain", "good_pages", init('T = texts("good_pages")', 'T = texts("good_page")')),
    ("templates", "good_pages", {"templates/admin/today.html": ("", "<p></p>")}),
    ("templates", "good_pages", {f"templates/{VIEW}": ("</p>", "</p>{% if %}")}),
    ("keys", "good_rail", field('SettingField("Bank code", T("Bank"), required=False)')),
    (
        "keys",
        "good_rail",
        field('SettingField("a", T("A"), required=False), SettingField("a", T("B"), required=False)'),
    ),
    ("pages", "good_pages", init('View("x/good_pages/hello.html", {"name": "Ada"})', '"a text"')),
    ("pages", "good_pages", init('View("x/good_pages/hello.html", {"name": subject})', 'View("x/good_pages/no.html")')),
    ("pages", "good_pages", init('Redirect("")', 'View("admin/today.html")')),
    ("pages", "good_pages", {f"templates/{VIEW}": ("</p>", "</p>{{ nobody.name() }}")}),
    ("pages", "good_pages", {f"templates/{VIEW}": ("</p>", '</p>{% include "admin/today.html" %}')}),
    ("pages", "good_tables", {NOTES: ("note.words.title()", "note.words.tittle()")}),
    ("pages", "good_tables", {NOTES: ("datetime(note.created_at)", "money(note.stars)")}),
    ("pages", "good_tables", init('(note.colour or "").upper()', "note.colour.upper()")),
    ("pages", "good_tables", init("[about] if about else []", "[about.words]")),
    ("pages", "good_tables", init(" if key.isdigit() else None", "")),
    ("commands", "good_tables", init("found.words if found else 'none yet'", "found.words")),
    ("commands", "good_tables", init("found.words if found else 'none yet'", "found and found.colour.upper()")),
    ("commands", "good_tables", init("ctx.brand or 'everywhere'", "ctx.brand.upper()")),
    ("commands", "good_tables", init("    found = ctx", "    __import__('socket').socket().close()\n    found = ctx")),
    (
        "commands",
        "good_tables",
        init(
            '@click.command()\n@click.argument("words")', '@click.command(help=T("Write."))\n@click.argument("words")'
        ),
    ),
    ("fields", "good_rail", field('SettingField("a", T("A"), FieldKind.DAYS, False, default="many")')),
    ("fields", "good_rail", field('SettingField("a", T("A"), FieldKind.CHOICE, False, choices=((1, T("One")),))')),
    ("fields", "good_rail", field('SettingField("a", "A", required=False)')),
    ("rubbish", "good_rail", field('SettingField("a", T("A"), FieldKind.DAYS, False, minimum="1")')),
    ("settings", "good_pages", init('ctx.settings["days"] is not None and ', "")),
    ("settings", "good_pages", init('("days", T("Days"))]', '("hours", T("Days"))]')),
    ("forgets-person", "good_tables", init("def forget(", "def _forget(")),
    ("forgets-person", "good_tables", init("Note.person == person", "Note.person == ctx.brand")),
    ("forgets-person", "good_tables", init(".where(Note.person == person)", "")),
    ("tables", "good_tables", {STEP: ("sa.String(20)", "sa.String(30)")}),
    ("forgets-person", "good_tables", init(".where(Seen.note_id.in_(theirs))", "")),
    ("tables", "good_tables", {SECOND: (', server_default="0"', "")}),
    ("tables", "good_tables", STRICTER),
    ("tables", "good_tables", {STEP: ("def upgrade():\n", "def upgrade():\n    no_such_thing()\n")}),
    ("jobs", "good_tables", init("    seen = ctx", "    no_such_thing()\n    seen = ctx")),
    ("jobs", "good_tables", init("    seen = ctx", "    __import__('socket').socket().close()\n    seen = ctx")),
    ("tables", "good_tables", {STEP: ('    op.drop_table("x_good_tables_note")', "    pass")}),
    (
        "tables",
        "good_tables",
        {STEP: ("def upgrade():\n", 'def upgrade():\n    op.execute("CREATE TABLE stray (id INT)")\n')},
    ),
    ("placeholders", "good_model", init('T("Enter a share.")', 'T("Enter a share of %(most)s.")')),
    ("placeholders", "good_model", init('T("Enter a share.")', 'T("Enter % of %(most)s.", most=1)')),
    ("terms", "good_model", init('T("%(share)s %% of', 'T("%(share)" + "s % of')),
    ("placeholders", "good_rail", init('T("The bank refused.")', 'T("The bank refused %(order)s.")')),
    ("placeholders", "good_pages", {f"templates/{VIEW}": ("name=name", "nome=name")}),
    ("placeholders", "good_pack", {"pack.yaml": ("title: The word", "title: The %(foud)s word")}),
    ("placeholders", "good_pack", {"pack.yaml": ("title: The word", "title: The 100 % word")}),
    ("terms", "good_model", init('T("%(share)s %% of', 'T("%(" + "most" + ")s %(share)s %% of')),
    ("terms", "good_model", init('[("share", T("Enter a share."))]', '["Enter a share."]')),
    ("earns", "good_model", model('T("Share")))\n', "'Share'))\n")),
    ("earns", "good_model", model('T("Share")))\n', 'T(str("%(share)s"))))\n')),
    ("earns", "good_model", model(START, START + "        lines[len(facts)]\n")),
    ("earns", "good_model", model("due - given, ", "Money((due - given).minor / 1, 'EUR'), ", "Money")),
    ("currency", "good_model", model("due - given, ", "Money((due - given).minor, 'EUR'), ", "Money")),
    ("line-keys", "good_model", model("Line(fact.key, due", "Line(sale.key, due")),
    ("pure", "good_model", model(START, START + "        time.time()\n", "time")),
    ("pure", "good_model", model(START, START + "        random.random()\n", "random")),
    ("pure", "good_model", model(START, START + "        datetime.datetime.now()\n", "datetime")),
    ("pure", "good_model", model(START, START + "        open(__file__).close()\n")),
    ("pure", "good_model", model(START, START + "        socket.socket().close()\n", "socket")),
    ("pure", "good_model", model("given = due", "given = due\n                terms.values['seen'] = 1")),
    (
        "fact-order",
        "good_model",
        model("facts):\n            left", "facts if isinstance(facts[0], Sale) else []):\n            left"),
    ),
    ("refunds", "good_model", model("(sale, *refunds):", "(sale, *refunds[:1]):")),
    ("past", "good_model", model("for fact in (sale, *refunds):\n", NETTED)),
    ("terms-json", "good_model", model('due = left.percent(terms.percent("share"))', FIRST_VALUE)),
    (
        "simulator",
        "good_model",
        model(START, START + "        facts = [x for x in facts if not x.key.startswith('sale-')]\n"),
    ),
    ("cap", "good_model", model('return terms.money("most")', 'return terms.money("none")')),
    ("cap", "good_model", model('return terms.money("most")', 'return -terms.money("most")')),
    ("rate", "good_model", init('Rate(terms.percent("share"), ', 'Rate(terms.percent("share") + 1, ')),
    ("server", "good_rail", init('"good_bank": FakeBank', '"other": FakeBank')),
    (
        "no-socket",
        "good_rail",
        init(
            "        return ctx.http.request(",
            "        import socket\n\n        socket.socket().close()\n        return ctx.http.request(",
        ),
    ),
    ("webhooks", "good_rail", init("        told = json.loads(body)\n", COUNTED)),
    (
        "signature",
        "good_rail",
        init(
            'if not hmac.compare_digest(expected, headers.get("X-Signature", "")):',
            "if not headers.get('X-Signature') or not body:",
        ),
    ),
    ("signature", "good_rail", init('headers.get("X-Signature", "")', 'headers["X-Signature"]')),
    ("signature", "good_rail", init('ctx.secrets["webhook"].encode()', 'ctx.secrets.get("webhook", "").encode()')),
    (
        "signature",
        "good_rail",
        {
            INIT: [
                ('ctx.secrets["webhook"].encode()', 'ctx.secrets.get("webhook", "none").encode()'),
                ("if not hmac.compare_digest(", 'if "webhook" in ctx.secrets and not hmac.compare_digest('),
            ]
        },
    ),
    ("types", "good_source", init('datetime.fromisoformat(order["at"])', 'datetime.fromisoformat(order["at"][:19])')),
    ("types", "good_source", init('SaleRecord(order["id"], amount, at, order["code"])', BACK)),
    (
        "types",
        "good_source",
        init('parse_moment(row["sold_at"], zone)', 'parse_moment(row["sold_at"], zone).replace(tzinfo=None)'),
    ),
    ("types", "good_platform", init("tzinfo=UTC", "")),
    ("types", "good_platform", init("{k: v for k", "{k: str(v) for k")),
    (
        "types",
        "good_platform",
        init('Post(post["id"], post["url"])', 'Post(post["id"], post["url"], datetime(2026, 1, 1))'),
    ),
    (
        "secrets",
        "good_rail",
        init(
            "        signed = {",
            "        import logging\n\n        logging.getLogger('bank').debug('sent %s', body)\n        signed = {",
        ),
    ),
    ("secrets", "good_platform", init('AuthExpired(T("Connect again."))', "AuthExpired(T(str(ctx.secrets)))")),
    ("renewed", "good_source", init(KEEP, "pass")),
    ("renewed", "good_source", {INIT: [(KEEP, LATER), (GET, GET_LATER)]}),
    ("renewed", "good_source", init(KEEP, f"{KEEP[:-1]}.upper())")),
    ("renewed", "good_source", {"fake.py": ('| {"refresh_token"', '| {"other"')}),
    ("forgets", "good_rail", init('self._ask(ctx, "DELETE", f"/payees/{payee.id}")', "return None")),
    ("forgets", "good_source", init("    def forget(self, ctx, external_id):", STRANGERS)),
    ("outcomes", "good_rail", init("for order in batch.orders}", TWO_OF_THREE)),
    ("takes", "good_file", init('return Kit(servers={"good_file": Desk})', "return Kit()")),
    ("takes", "good_file", init('settings = {"iban": IBAN}', 'settings = {"iban": None}')),
    ("settings", "good_file", init('ctx.settings["iban"] or ""', 'ctx.settings["iban"]')),
    ("payee", "good_file", init('details["phone"] or "+"', 'details["phone"]')),
    ("payee", "good_file", init('[("phone", T("Begin', '[("telephone", T("Begin')),
    ("payee", "good_file", init('T("Begin with + and the country.")', '"Begin with + and the country."')),
    ("payee", "good_file", init('phone.startswith("+")', 'phone.startswith("0")')),
    ("payee", "good_file", init('(details["phone"] or "")[-2:]', '(details["code"] or "")')),
    ("payee", "good_file", init('phone = details["phone"] or "+"', DIALLED)),
    ("secrets", "good_rail", init("    def step(", ONBOARDING)),
    ("same-key", "good_file", init('f"{batch.id}.{kind}"', EACH_TIME)),
    ("same-key", "good_rail", init(SUBMIT, FRESH_KEYS)),
    ("drop", "good_rail", init("return Ambiguous(error.message)", 'return Refused(error.message, code="lost")')),
    (
        "partial",
        "good_rail",
        init('return Refused(T("The bank refused."), code="refused")', 'return Ambiguous(T("Nobody knows."))'),
    ),
    ("events", "good_rail", init('told["status"], at', '"paid", at')),
    (
        "events",
        "good_rail",
        init('        amount = self.from_wire(told["amount"]', '        amount = self.from_wire(told["amount"] * 100'),
    ),
    ("lookup", "good_rail", init("            if answer.status == 200:\n", MADE_UP)),
    ("wire-units", "good_rail", init("return amount.minor * CENTS.get(amount.currency, 1)", "return amount.minor")),
    ("wire-units", "good_rail", init('"HUF": 100, ', '"HUF": 0, ')),
    (
        "paging",
        "good_platform",
        init(
            'Page([Post(post["id"], post["url"]) for post in told["posts"]], told["next"])',
            'Page([Post(post["id"], post["url"]) for post in told["posts"]], None)',
        ),
    ),
    (
        "paging",
        "good_platform",
        init(
            "after={cursor or ''}\")\n",
            'after={cursor or \'\'}")\n        told["next"] = cursor and told["next"] or "0"\n',
        ),
    ),
    ("errors", "good_platform", init("if answer.status >= 500:", "if answer.status > 500:")),
    ("errors", "good_source", init('int(answer.headers.get("Retry-After", 60))', "60")),
    ("errors", "good_source", init("            raise BadAnswer(", "            raise Unavailable(")),
    ("nulls", "good_platform", init('followers=told["followers"]', 'followers=told["followers"] or 0')),
    ("nulls", "good_platform", init("if v is not None}", "}")),
    ("nulls", "good_platform", init('_get(ctx, f"/posts/{post}")["ad"]', '_get(ctx, f"/posts/{post}")["ad"] or False')),
    ("example", "good_source", init('"49,90"', '"forty-nine"')),
    ("rows", "good_source", init("except (Invalid, ValueError) as error:", "except Invalid as error:")),
    ("rows", "good_source", init("errors.append(RowError(row.line, ", "errors.append(RowError(row.line - 1, ")),
    (
        "platform",
        "good_platform",
        init('    name = "good_plat"\n', '    name = "good_plat"\n    platform = "Instagram"\n'),
    ),
    (
        "addresses",
        "good_platform",
        init(
            'host, _, post = url.removeprefix("https://").partition("/p/")',
            'host, post = url.removeprefix("https://").split("/p/")',
        ),
    ),
    ("sourced", "good_pack", {"pack.yaml": ('url: "https://law.test/1"', 'url: ""')}),
    ("contract", "good_pack", {"pack.yaml": ("rules:\n", f"rules:\n{NO_SUCH_MONTH}")}),
    ("cases", "good_pack", {"cases.jsonl": ('"caption": "A new cream"', '"caption": "Advert Lumi"')}),
    ("exact-label", "good_pack", init(SILENT, TRAP)),
    ("pack-order", "good_pack", init(SILENT, FORGETFUL)),
]


@pytest.mark.parametrize(
    ("check", "name", "changes"), CONTROLS, ids=[f"{c}-{n}" for n, (c, _, _) in enumerate(CONTROLS)]
)
def test_a_broken_promise_fails_its_check_and_no_other(
    check: str, name: str, changes: Changes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = failed(subject_of(put(tmp_path, monkeypatch, name, changes), examples=20))
    assert set(found) == {check}, "\n\n".join(found.values()) or "nothing failed"
    for part in (f"The plugin {name} fails the check {check}", "  expected: ", "  seen: ", "  mend it: "):
        assert part in found[check]


def test_every_check_has_a_plugin_that_fails_it() -> None:
    assert {check for check, _, _ in CONTROLS} == set(known())


def test_tables_are_tried_on_postgresql_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: servers.Postgres
) -> None:
    server = postgres.url("postgres")
    good = put(tmp_path / "good", monkeypatch, "good_tables")
    assert not failed(subject_of(good, postgresql=server))
    narrow = {STEP: ("def upgrade():\n", "def upgrade():\n    assert op.get_bind().dialect.name == 'sqlite'\n")}
    bad = put(tmp_path / "bad", monkeypatch, "good_tables", narrow)
    assert not failed(subject_of(bad))
    found = failed(subject_of(bad, postgresql=server))
    assert set(found) == {"tables"} and "an empty database of PostgreSQL" in found["tables"]
