"""A foreign plugin with every kind of setting; tests copy it elsewhere and use it through every door."""

import logging
from datetime import timedelta

import click

from samverk import FieldKind, Job, PayoutRail, Plugin, PluginPage, SettingField, T, View, hookimpl

HEARD = []
FAILING = set()
log = logging.getLogger("parcel")


def act(what, ctx):
    """Take down what was told, and where the test wants it fail as carelessly as one can."""
    HEARD.append((what, ctx))
    if what in FAILING:
        log.warning("refused: token=%s, all of it: %s", ctx.secrets.get("token"), dict(ctx.secrets))
        try:
            raise ValueError(f"401 for {ctx.secrets.get('token')}")
        except ValueError as error:
            raise RuntimeError("x" * 150 + f" Bearer {ctx.secrets.get('token')}") from error


def page(request):
    HEARD.append(("page", request))
    return View("x/parcel/page.html", {"settings": request.settings})


@click.command()
@click.pass_obj
def send(ctx):
    act("send", ctx)


class Post(PayoutRail):
    name = "parcel_post"
    title = T("Parcel post")
    settings = (SettingField("sender", T("Sender"), required=False),)

    def submit(self, ctx, batch, key):
        act("submit", ctx)
        return {}


class Parcel(Plugin):
    name = "parcel"
    title = T("Parcels")
    description = T("Sends parcels.")
    api_version = 1
    settings = (
        SettingField("address", T("Address of the service")),
        SettingField("limit", T("Parcels a day"), FieldKind.INTEGER, default=30, minimum=1, maximum=100),
        SettingField("share", T("Share"), FieldKind.PERCENT, required=False, default="12.5"),
        SettingField("budget", T("Budget"), FieldKind.MONEY, required=False),
        SettingField(
            "mode", T("Mode"), FieldKind.CHOICE, default="slow", choices=(("slow", T("Slow")), ("fast", T("Fast")))
        ),
        SettingField("live", T("Live"), FieldKind.BOOL, default=True),
        SettingField("since", T("Since"), FieldKind.DATE, required=False),
        SettingField("wait", T("Wait"), FieldKind.DAYS, required=False, default=3),
        SettingField("token", T("Token"), secret=True, help=T("From the service's page.")),
    )

    def check_settings(self, ctx):
        act("check", ctx)
        if ctx.settings["mode"] == "fast" and "token" not in ctx.secrets:
            return [("token", T("Fast needs a token."))]
        if ctx.secrets.get("token", "").startswith("old-"):
            return [("token", T("%(token)s is an old one.", token=ctx.secrets["token"]))]
        return []

    @hookimpl
    def register_pages(self):
        return [PluginPage("", T("Parcels"), page)]

    @hookimpl
    def register_commands(self):
        return [send]

    @hookimpl
    def register_jobs(self):
        return [Job("nightly", T("Nightly"), lambda ctx: act("nightly", ctx), every=timedelta(days=1))]

    @hookimpl
    def register_payout_rails(self):
        return [Post]


plugin = Parcel()
