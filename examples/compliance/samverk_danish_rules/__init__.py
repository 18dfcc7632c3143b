"""A country's rules on advertising by influencers: the pack beside this file, and its examples."""

from pathlib import Path

from samverk import CompliancePack, Plugin, hookimpl, texts

T = texts("danish_rules")


class DanishRules(Plugin):
    name = "danish_rules"
    title = T("Danish rules")
    api_version = 1

    @hookimpl
    def register_compliance(self):
        return [CompliancePack.load(Path(__file__).with_name("pack.yaml"), domain="danish_rules")]


plugin = DanishRules()
