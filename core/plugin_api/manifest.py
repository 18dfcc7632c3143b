"""What a plugin says of itself."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, ClassVar

from core.plugin_api import hooks
from core.plugin_api.context import Context
from core.plugin_api.contract import ContractError, names_of, refuse_near_misses, take_old_names
from core.plugin_api.fields import SettingField
from core.plugin_api.kit import Kit
from core.plugin_api.tables import OwnTables
from core.plugin_api.text import Text


class PluginKind(enum.StrEnum):
    """The kinds of plugins; the same words in folders, hooks, commands and documentation."""

    PAYMENT_MODELS = "payment_models"
    PLATFORMS = "platforms"
    SALES_SOURCES = "sales_sources"
    COMPLIANCE = "compliance"
    PAYOUT_RAILS = "payout_rails"
    PAGES = "pages"


class PluginScope(enum.StrEnum):
    """Who switches it and fills in its settings: each brand, or the installation alone."""

    BRAND = "brand"
    SITE = "site"


KIND_HOOKS: dict[PluginKind, tuple[str, ...]] = {
    PluginKind.PAYMENT_MODELS: ("register_payment_models", "register_compositions"),
    PluginKind.PLATFORMS: ("register_platforms",),
    PluginKind.SALES_SOURCES: ("register_sales_sources",),
    PluginKind.COMPLIANCE: ("register_compliance",),
    PluginKind.PAYOUT_RAILS: ("register_payout_rails",),
    PluginKind.PAGES: ("register_pages", "register_panels", "register_commands", "register_jobs"),
}
HOOKS = frozenset(name for name in vars(hooks) if name.startswith(("register_", "on_")))


class Plugin:
    """The manifest and the hooks of one plugin. Subclass it, mark hooks with `@hookimpl`, expose `plugin = Yours()`.

    `name` is the entry point, the gettext domain, the prefix of tables (`x_<name>_`) and a part of the URLs, so
    it never changes. `api_version` is the number the plugin was written for. Version and author come from the
    distribution's metadata.
    """

    name: ClassVar[str]
    title: ClassVar[Text]
    description: ClassVar[Text | None] = None
    api_version: ClassVar[int]
    scope: ClassVar[PluginScope] = PluginScope.BRAND
    settings: ClassVar[Sequence[SettingField]] = ()
    tables: ClassVar[type[OwnTables] | None] = None

    def check_settings(self, ctx: Context) -> Sequence[tuple[str, Text]]:
        """What is wrong with settings beyond what each field says: (field key, message) pairs, "" for the whole.

        Asked before they are saved, while the person waits: it must be quick and reach nothing outside. `ctx` is what
        the plugin would be given after saving. Without a brand it is the installation's form of a plugin of brands,
        in which needed values may be missing, since each brand can fill them in.
        """
        return ()

    def forget(self, person: str, ctx: Context) -> None:
        """Delete what this plugin keeps of a person, in `ctx.data` and outside.

        Told by the worker once somebody has said `samverk plugin forget EMAIL`: once for the installation, then for
        each brand that knows them; `person` is the influencer's public id. It may be told again: what is gone already
        is no error.
        """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a hook that is misspelt, unknown or not marked."""
        super().__init_subclass__(**kwargs)
        for old in take_old_names(cls, Plugin.__name__):
            delattr(cls, old)  # pluggy would take it for a hook that there is not
        for name, value in vars(cls).items():
            if not name.startswith(("register_", "on_")):
                continue
            if name not in HOOKS:
                raise ContractError(f"{cls.__name__}.{name} is not a hook{hooks.nearest(name, HOOKS)}")
            if not hasattr(value, "samverk_impl"):
                raise ContractError(f"{cls.__name__}.{name} lacks @hookimpl")
        refuse_near_misses(cls, HOOKS | names_of(Plugin))

    @property
    def kinds(self) -> tuple[PluginKind, ...]:
        """The kinds of things it registers, from the hooks it has."""
        return tuple(kind for kind, names in KIND_HOOKS.items() if any(hasattr(self, name) for name in names))

    def kit(self) -> Kit:
        """What the conformance kit needs to try this plugin; asked by the kit alone, so import test code inside it."""
        return Kit()
