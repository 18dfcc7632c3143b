"""Pages, settings and words of its own, all of which pass the kit."""

from samverk import FieldKind, Panel, Place, Plugin, PluginPage, Redirect, SettingField, View, hookimpl, texts

T = texts("good_pages")


def hello(request):
    return View("x/good_pages/hello.html", {"name": "Ada"})


def done(request):
    return Redirect("")


def box(request, subject):
    return View("x/good_pages/hello.html", {"name": subject})


class GoodPages(Plugin):
    name = "good_pages"
    title = T("Hello")
    api_version = 1
    settings = (
        SettingField("colour", T("Colour"), FieldKind.CHOICE, default="red", choices=(("red", T("Red")),)),
        SettingField("days", T("Days"), FieldKind.DAYS, False, minimum=1),
    )

    def check_settings(self, ctx):
        late = ctx.settings["days"] is not None and ctx.settings["days"] > 30
        return [("days", T("Days"))] if late else []

    @hookimpl
    def register_pages(self):
        return [PluginPage("", T("Hello"), hello), PluginPage("orders/<order>", T("Hello"), done)]

    @hookimpl
    def register_panels(self):
        return [Panel(Place.DASHBOARD, T("Hello"), box)]


plugin = GoodPages()
