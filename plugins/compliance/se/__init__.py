"""Rules on advertising by influencers: Sweden."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from samverk import CompliancePack, Plugin, T, hookimpl


def packs() -> tuple[CompliancePack, ...]:
    """The pack that `pack.yaml` beside this file describes."""
    return (CompliancePack.load(Path(__file__).with_name("pack.yaml"), checked=True),)


class Sweden(Plugin):
    """Dated and sourced rules of this jurisdiction."""

    name = "se"
    title = T("Rules: Sweden")
    api_version = 1

    @hookimpl
    def register_compliance(self) -> Sequence[CompliancePack]:
        """The rules of this jurisdiction."""
        return packs()


plugin = Sweden()
