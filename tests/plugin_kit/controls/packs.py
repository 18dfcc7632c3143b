"""Packs of rules that break a promise."""

from __future__ import annotations

from tests.plugin_kit.controls.changes import Control, init

NO_SUCH_MONTH = """  - id: XX-08
    kind: info
    title: Something to know
    basis: statute
    confidence: official
    source: {title: The gazette of X, url: "https://law.test/8"}
    valid_from: "2020-13"
"""
SILENT = "\n    def check(self, context):\n        return []\n"
TRAP = """
    def check(self, context):
        from samverk import Basis, Blocks, Confidence, Finding, Verdict

        if "paid" in context.benefits or not (context.caption or "").startswith("Advert"):
            return []
        found = Verdict.VIOLATION, Blocks.NEVER, T("Nothing"), None, Basis.STATUTE, Confidence.OFFICIAL
        return [Finding(self.id, "1", "XX", *found, self.source)]
"""
FORGETFUL = """
    seen = []

    def check(self, context):
        from samverk import Basis, Blocks, Confidence, Finding, Verdict

        self.seen.append(context)
        found = Verdict.OK, Blocks.NEVER, T("Nothing"), None, Basis.STATUTE, Confidence.OFFICIAL
        return [Finding(self.id, str(len(self.seen)), "XX", *found, self.source)]
"""

CONTROLS: dict[str, list[Control]] = {
    "good_pack": [
        ("placeholders", {"pack.yaml": ("title: The word", "title: The %(foud)s word")}),
        ("placeholders", {"pack.yaml": ("title: The word", "title: The 100 % word")}),
        ("sourced", {"pack.yaml": ('url: "https://law.test/1"', 'url: ""')}),
        ("sourced", init('"https://law.test/3"', '"see the web"')),
        ("sourced", {"pack.yaml": ('valid_from: "2020-01"', "valid_from: null")}),
        ("sourced", {"pack.yaml": ('reviewed_on: "2026-11-22"', 'reviewed_on: "2036-11-22"')}),
        ("contract", {"pack.yaml": ('url: "https://law.test/1"', 'url: "see the web"')}),
        ("contract", {"pack.yaml": ("rules:\n", f"rules:\n{NO_SUCH_MONTH}")}),
        ("cases", {"cases.jsonl": ('"caption": "A new cream"', '"caption": "Advert Lumi"')}),
        ("exact-label", init(SILENT, TRAP)),
        ("pack-order", init(SILENT, FORGETFUL)),
    ]
}
