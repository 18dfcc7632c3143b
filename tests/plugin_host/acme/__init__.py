"""A foreign plugin that tests copy somewhere else, put on the path and use through every door."""

import click

from samverk import (
    Face,
    Invalid,
    Job,
    Missing,
    Panel,
    PermissionSpec,
    Place,
    Plugin,
    PluginPage,
    Redirect,
    View,
    hookimpl,
    texts,
)

T = texts("acme")
HEARD = []
FAILING = set()
RAISING = []
DOING = {}


def act(what, *told):
    """Take down that something was asked, and fail where the test wants it."""
    HEARD.append((what, *told))
    DOING.get(what, bool)()
    if what in FAILING:
        raise RuntimeError(f"{what} is out of order")


def hello(request):
    act("hello", request)
    return View("x/acme/hello.html", {"name": "<b>Olga</b>", "asked": request})


def order(request):
    number = request.arguments["number"]
    if number == "never-existed":
        raise Missing(T("There is no such order."))
    if request.method == "POST":
        act("order", request)
        if not request.form.get("note"):
            raise Invalid(T("Write a note."), "note")
        return Redirect("", T("Noted."))
    return View("x/acme/order.html", {"number": number}, title=T("Order %(number)s", number=number))


def of(template):
    return lambda request: View(template)


def panel(request, subject):
    act("panel", request, subject)
    title = T("%(never)s", given=1) if "title" in FAILING else None
    return View("x/acme/panel.html", {"subject": subject}, title)


@click.command()
@click.argument("name")
@click.pass_obj
def greet(ctx, name):
    """Say hello."""
    act("greet", ctx)
    for error in RAISING:
        raise error
    click.echo(f"Hello {name}")


@click.command()
def stop():
    """End with a code of its own."""
    raise click.exceptions.Exit(7)


class Acme(Plugin):
    name = "acme"
    title = T("Acme's corner")
    api_version = 1

    @hookimpl
    def register_permissions(self):
        return [PermissionSpec("x:acme:audit", T("Audit"), ("owner", "finance"))]

    @hookimpl
    def register_pages(self):
        return [
            PluginPage("", T("Hello"), hello, nav=True),
            PluginPage("orders/<number>", T("Order"), order, takes_form=True),
            PluginPage("audit", T("Audit"), hello, permission="x:acme:audit", nav=True),
            PluginPage("money", T("Money"), hello, permission="brand:money:read"),
            PluginPage("wrong", T("Wrong"), lambda request: "a string"),
            PluginPage("title", T("Wrong"), lambda r: View("x/acme/panel.html", title=T("%(never)s", given=1))),
            PluginPage("no-template", T("Wrong"), of("x/acme/not_there.html")),
            PluginPage("shadow", T("Wrong"), of("admin/today.html")),
            PluginPage("other", T("Wrong"), of("x/other/secret.html")),
            PluginPage("reach-other", T("Wrong"), of("x/acme/reach_other.html")),
            PluginPage("reach-core", T("Wrong"), of("x/acme/reach_core.html")),
            PluginPage("", T("Your corner"), hello, face=Face.PORTAL, nav=True),
        ]

    @hookimpl
    def register_panels(self):
        audited = Panel(Place.DASHBOARD, T("Audit box"), panel, permission="x:acme:audit")
        return [audited, *(Panel(place, T("Box"), panel) for place in Place)]

    @hookimpl
    def register_commands(self):
        return [greet, stop]

    @hookimpl
    def register_jobs(self):
        return [Job("nightly", T("Nightly"), lambda ctx: act("nightly", ctx.brand))]

    @hookimpl
    def on_campaign_published(self, event, ctx):
        act("on_campaign_published", event, ctx)

    @hookimpl
    def on_collaboration_agreed(self, event):
        act("on_collaboration_agreed", event)

    @hookimpl
    def on_content_decided(self, event):
        act("on_content_decided", event)

    @hookimpl
    def on_sale_attributed(self, event):
        act("on_sale_attributed", event)

    @hookimpl
    def on_payout_settled(self, event):
        act("on_payout_settled", event)


plugin = Acme()
