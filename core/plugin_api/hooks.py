"""The hooks that core calls, in the order a plugin meets them.

A hook is implemented by a method of the plugin with the same name, marked `@hookimpl`; it may leave out
arguments that it does not need. `register_*` hooks are called once at start and must be quick; `on_*` hooks are
called by the worker after the commit, at least once and in no certain order. An event told again has the same `id`;
an observer that acts outside hands that id on or remembers it. One that raises is told again later, eight times in
all, while the others go on. Observers of a plugin that is off in the event's brand are not told.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from core.plugin_api.compliance import CompliancePack
    from core.plugin_api.composition import Recipe
    from core.plugin_api.context import Context
    from core.plugin_api.jobs import Job
    from core.plugin_api.observations import (
        CampaignPublished,
        CollaborationAgreed,
        ContentDecided,
        PayoutSettled,
        SaleAttributed,
    )
    from core.plugin_api.pages import Panel, PermissionSpec, PluginPage
    from core.plugin_api.payment_models import PaymentModel
    from core.plugin_api.payout_rails import PayoutRail
    from core.plugin_api.platforms import PlatformConnector
    from core.plugin_api.sales_sources import SalesSource

PROJECT = "samverk"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a method of a plugin as the hook that bears its name."""


@hookspec
def register_payment_models() -> Sequence[type[PaymentModel]]:
    """Called at start for ways to earn.

    :returns: Subclasses of `PaymentModel`. Core makes one object of each and asks it for ever.
    """
    return ()


@hookspec
def register_compositions() -> Sequence[Recipe]:
    """Called at start for ready deals: payment models put together, as data.

    :returns: `Recipe` objects; their parts may name models of other plugins.
    """
    return ()


@hookspec
def register_platforms() -> Sequence[type[PlatformConnector]]:
    """Called at start for platforms where influencers post.

    :returns: Subclasses of `PlatformConnector`.
    """
    return ()


@hookspec
def register_sales_sources() -> Sequence[type[SalesSource]]:
    """Called at start for shops and conversion feeds.

    :returns: Subclasses of `SalesSource`.
    """
    return ()


@hookspec
def register_compliance() -> Sequence[CompliancePack]:
    """Called at start for packs of rules.

    A pack is a YAML file beside the module, and code only for what data cannot say::

        class Finland(Plugin):
            name = "fi"
            title = T("Rules of Finland")
            api_version = 1

            @hookimpl
            def register_compliance(self):
                return [CompliancePack.load(Path(__file__).with_name("pack.yaml"))]

        plugin = Finland()

    :returns: `CompliancePack` objects: dated, sourced rules of a jurisdiction. All packs are asked.
    """
    return ()


@hookspec
def register_payout_rails() -> Sequence[type[PayoutRail]]:
    """Called at start for ways to send money.

    :returns: Subclasses of `PayoutRail`.
    """
    return ()


@hookspec
def register_pages() -> Sequence[PluginPage]:
    """Called at start for pages under `/admin/x/<plugin>/` and `/portal/x/<plugin>/`.

    :returns: `PluginPage` objects. Their templates live in the plugin under `templates/x/<plugin>/`.
    """
    return ()


@hookspec
def register_panels() -> Sequence[Panel]:
    """Called at start for boxes in named places of core's pages.

    :returns: `Panel` objects; the places are listed in `Place`.
    """
    return ()


@hookspec
def register_commands() -> Sequence[click.Command]:
    """Called at start for commands under `samverk x <plugin>`.

    A command that is marked `@click.pass_obj` gets a `Context`; `samverk x <plugin> --brand B` names its brand.

    :returns: Click commands or groups.
    """
    return ()


@hookspec
def register_jobs() -> Sequence[Job]:
    """Called at start for what the worker does by the clock.

    :returns: `Job` objects.
    """
    return ()


@hookspec
def register_permissions() -> Sequence[PermissionSpec]:
    """Called at start for rights of the plugin's own pages.

    :returns: `PermissionSpec` objects named `x:<plugin>:<action>`.
    """
    return ()


@hookspec
def on_campaign_published(event: CampaignPublished, ctx: Context) -> None:
    """Told after a campaign was launched.

    :param event: Which campaign of which brand, and when.
    :param ctx: The brand and the plugin's settings in it.
    """


@hookspec
def on_collaboration_agreed(event: CollaborationAgreed, ctx: Context) -> None:
    """Told after both sides signed.

    :param event: Which collaboration, and when.
    :param ctx: The brand and the plugin's settings in it.
    """


@hookspec
def on_content_decided(event: ContentDecided, ctx: Context) -> None:
    """Told after the brand decided on a submission.

    :param event: Which deliverable, and the decision.
    :param ctx: The brand and the plugin's settings in it.
    """


@hookspec
def on_sale_attributed(event: SaleAttributed, ctx: Context) -> None:
    """Told after a sale was credited to a collaboration.

    :param event: The order, its amount without VAT and shipping, and whom it was credited to.
    :param ctx: The brand and the plugin's settings in it.
    """


@hookspec
def on_payout_settled(event: PayoutSettled, ctx: Context) -> None:
    """Told after a payout was received or has failed for good.

    :param event: Which payout, its amount, and whether it was received.
    :param ctx: The brand and the plugin's settings in it.
    """


def nearest(name: str, known: Iterable[str]) -> str:
    """`: register_pages was probably meant`, or nothing when no name is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f": {near[0]} was probably meant" if near else ""
