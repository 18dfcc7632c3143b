"""A rule pack that passes the kit: one duty, one label, one rule in code."""

from pathlib import Path

from samverk import CompliancePack, ComplianceRule, Plugin, Source, T, hookimpl


class Nothing(ComplianceRule):
    id = "XX-03"
    title = T("Nothing")
    source = Source("The gazette of X", "https://law.test/3")

    def check(self, context):
        return []


class GoodPack(Plugin):
    name = "good_pack"
    title = T("Rules of X")
    api_version = 1

    @hookimpl
    def register_compliance(self):
        return [CompliancePack.load(Path(__file__).with_name("pack.yaml"), code=[Nothing()])]


plugin = GoodPack()
