"""Rules on advertising by influencers: Norway."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from samverk import CompliancePack, Plugin, T, hookimpl


def packs() -> tuple[CompliancePack, ...]:
    """The pack that `pack.yaml` beside this file describes."""
    return (CompliancePack.load(Path(__file__).with_name("pack.yaml"), checked=True),)


class Norway(Plugin):
    """Dated and sourced rules of this jurisdiction."""

    name = "no"
    title = T("Rules: Norway")
    api_version = 1

    @hookimpl
    def register_compliance(self) -> Sequence[CompliancePack]:
        """The rules of this jurisdiction."""
        return packs()


plugin = Norway()
