"""Payment models that break a promise."""

from __future__ import annotations

from tests.plugin_kit.controls.changes import INIT, Control, init, model

START = "        lines = []\n"
NETTED = """for fact in refunds:
                left = max(left - fact.amount, left - left)
            for fact in (sale,):
"""
FIRST_VALUE = "due = left.percent(terms.percent(next(iter(terms.values))))"
ONCE = """self.times = getattr(self, "times", 0) + 1
        return [Share] if self.times == 1 else []"""

FEWER = f"""{START}        sold = sales_with_refunds(facts)
        whole = sum(sale.amount.minor > sum(one.amount.minor for one in back) for sale, back in sold) or 1
"""
WHOLE = "    Settles,\n", "    Settles,\n    Scope,\n"
SCOPE = "    uses = (Sale, Refund)", "    scope = Scope.AGREEMENT\n    uses = (Sale, Refund)"
DIVIDED = (
    'terms.percent("share"))\n                lines',
    'terms.percent("share") / whole**2)\n                lines',
)
"""A model of the whole agreement, in which every further sale makes all that were before worth less."""

CONTROLS: dict[str, list[Control]] = {
    "good_model": [
        ("api", init("api_version = 1", "api_version = 2")),
        ("manifest", init('    name = "good_model"\n', "")),
        (
            "manifest",
            init('    name = "good_model"\n    title = T("Share")', '    name = "good_model"\n    title = T(" ")'),
        ),
        ("manifest", init("    api_version = 1", '    api_version = 1\n    scope = "brand"')),
        ("contract", init("def register_payment_models", "def register_payment_model")),
        ("contract", init("    def describe(", "    def describes(self):\n        pass\n\n    def describe(")),
        ("contract", init("return [Share]", "return Share")),
        ("loads", init("class Share", "import no_such_module\n\n\nclass Share")),
        ("loads-with-all", init('name = "good_share"', 'name = "commission"')),
        ("loads-twice", init("return [Share]", ONCE)),
        ("imports", init("\nfrom samverk", "\nfrom core.money import total\nfrom samverk")),
        ("imports", {"late.py": ("", "def later():\n    import flask\n    return flask\n")}),
        ("imports", {"late.py": ("", "import importlib\n\ncore = importlib.import_module('core.database')\n")}),
        ("imports", {"late.py": ("", "from plugins.payment_models import fixed\n")}),
        ("no-float", init("class Share", "HALF = 0.5\n\n\nclass Share")),
        ("placeholders", init('T("Enter a share.")', 'T("Enter a share of %(most)s.")')),
        ("placeholders", init('T("Enter a share.")', 'T("Enter % of %(most)s.", most=1)')),
        ("terms", init('T("%(share)s %% of', 'T("%(share)" + "s % of')),
        ("terms", init('T("%(share)s %% of', 'T("%(" + "most" + ")s %(share)s %% of')),
        ("terms", init('[("share", T("Enter a share."))]', '["Enter a share."]')),
        ("earns", model('T("Share")))\n', "'Share'))\n")),
        ("earns", model('T("Share")))\n', 'T(str("%(share)s"))))\n')),
        ("earns", model(START, START + "        lines[len(facts)]\n")),
        ("earns", model("due - given, ", "Money((due - given).minor / 1, 'EUR'), ", "Money")),
        ("currency", model("due - given, ", "Money((due - given).minor, 'EUR'), ", "Money")),
        ("line-keys", model("Line(fact.key, due", "Line(sale.key, due")),
        ("pure", model(START, START + "        time.time()\n", "time")),
        ("pure", model(START, START + "        random.random()\n", "random")),
        ("pure", model(START, START + "        datetime.datetime.now()\n", "datetime")),
        ("pure", model(START, START + "        open(__file__).close()\n")),
        ("pure", model(START, START + "        socket.socket().close()\n", "socket")),
        ("pure", model("given = due", "given = due\n                terms.values['seen'] = 1")),
        (
            "fact-order",
            model("facts):\n            left", "facts if isinstance(facts[0], Sale) else []):\n            left"),
        ),
        ("refunds", model("(sale, *refunds):", "(sale, *refunds[:1]):")),
        ("past", model("for fact in (sale, *refunds):\n", NETTED)),
        ("past", {INIT: [("    def rate(", "    def _rate("), WHOLE, SCOPE, (START, FEWER), DIVIDED]}),
        ("terms-json", model('due = left.percent(terms.percent("share"))', FIRST_VALUE)),
        ("simulator", model(START, START + "        facts = [x for x in facts if not x.key.startswith('sale-')]\n")),
        ("cap", model('return terms.money("most")', 'return terms.money("none")')),
        ("cap", model('return terms.money("most")', 'return -terms.money("most")')),
        ("rate", init('Rate(terms.percent("share"), ', 'Rate(terms.percent("share") + 1, ')),
    ]
}
