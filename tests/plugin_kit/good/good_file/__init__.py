"""A rail that reaches nothing outside and has settings of its own: it writes a file, and passes the kit."""

from samverk import (
    FakeServer,
    FieldKind,
    Kit,
    NeedsAction,
    PayoutRail,
    Plugin,
    PluginPage,
    Refused,
    SettingField,
    T,
    View,
    hookimpl,
)

IBAN = "FI2112345600000785"


class File(PayoutRail):
    name = "good_file"
    title = T("File")
    reaches_out = False
    settings = (
        SettingField("kind", T("Kind"), FieldKind.CHOICE, default="csv", choices=(("csv", T("CSV")),)),
        SettingField("iban", T("Account")),
        SettingField("name", T("Payer")),
        SettingField("days", T("Days"), FieldKind.DAYS, maximum=5),
        SettingField("note", T("Note"), required=False),
        SettingField("pin", T("PIN"), secret=True),
    )
    needs_account = False
    payee_fields = (
        SettingField("speed", T("Speed"), FieldKind.CHOICE, choices=(("fast", T("Fast")),)),
        SettingField("phone", T("Phone"), required=False),
        SettingField("code", T("Code"), secret=True),
    )

    def check_payee(self, details):
        phone = details["phone"] or "+"
        return [] if phone.startswith("+") else [("phone", T("Begin with + and the country."))]

    def shown(self, details):
        return (details["phone"] or "")[-2:]

    def submit(self, ctx, batch, key):
        return {order.reference: self._outcome(ctx, batch, order) for order in batch.orders}

    def _outcome(self, ctx, batch, order):
        if (
            ctx.settings["iban"] != IBAN
            or not ctx.settings["name"]
            or ctx.settings["days"] > 5
            or not ctx.secrets["pin"]
        ):
            return Refused(T("Fill in the settings of File."))
        kind, told = ctx.settings["kind"], f"{order.payee.details['speed']};{ctx.settings['note'] or ''}"
        return NeedsAction(T("Upload the file."), file_name=f"{batch.id}.{kind}", file=told.encode())


class Desk(FakeServer):
    settings = {"iban": IBAN}
    payee = {"phone": "+358401234567"}


class GoodFile(Plugin):
    name = "good_file"
    title = T("File")
    api_version = 1

    def check_settings(self, ctx):
        iban = ctx.settings["iban"] or ""
        return [("iban", T("This is no account."))] if "FI" not in iban else []

    @hookimpl
    def register_payout_rails(self):
        return [File]

    @hookimpl
    def register_pages(self):
        return [
            PluginPage("", T("File"), lambda request: View("x/good_file/file.html", {"at": request.settings["iban"]}))
        ]

    def kit(self):
        return Kit(servers={"good_file": Desk})


plugin = GoodFile()
