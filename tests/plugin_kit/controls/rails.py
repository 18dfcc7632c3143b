"""Ways of payment that break a promise."""

from __future__ import annotations

from tests.plugin_kit.controls.changes import INIT, Control, field, init

SUBMIT = 'return {order.reference: self._send(ctx, order, f"{key}:{order.reference}") for order in batch.orders}'
FRESH_KEYS = """found = {o.reference: self._send(ctx, o, f"{key}:{self.run}:{o.reference}") for o in batch.orders}
        self.run += all(isinstance(outcome, Accepted) for outcome in found.values())
        return found

    run = 0"""
RUN = ("\n\nclass Bank(", "\nRUN = __import__('uuid').uuid4().hex\n\n\nclass Bank(")
BY_THE_LAST = """if self._ask(ctx, "GET", f"/transfers/{batch.orders[-1].reference}").status == 200:
            return self.lookup(ctx, [order.reference for order in batch.orders])
        """ + SUBMIT.replace("{key}", "{RUN}")
"""Who was paid is looked up, but by the last order alone: of a batch that broke off the rest is sent again."""
KNOWN = [
    ("\n\nclass Bank(", "\nSENT = {}\n\n\nclass Bank("),
    (
        "        return self._taken(answer)\n\n",
        """        found = self._taken(answer)
        SENT[order.reference] = getattr(found, "rail_id", None)
        return found

""",
    ),
]
"""What was sent is remembered in the module."""
COUNTED = """        told = json.loads(body)
        self.count = getattr(self, 'count', 0) + 1
        told['id'] += str(self.count)
"""
EACH_TIME = """f"{batch.id}.{next(self.__dict__.setdefault('n', iter(range(99))))}\""""
TWO_OF_THREE = """for order in batch.orders if not order.reference.endswith("3") or not self._send(
            ctx, order, f"{key}:{order.reference}")}"""
MADE_UP = """            if answer.status == 404:
                found[reference] = Accepted('?')
            if answer.status == 200:
"""
DONE = """                found[reference] = Accepted("done")
            if answer.status == 200:
"""
DIALLED = """phone = details["phone"] or "+"
        import socket

        socket.socket().close()"""
WRITTEN = """        import logging

        logging.getLogger('bank').debug('sent %s', body)
        signed = {"""
ONBOARDING = """    def onboard(self, ctx, payee):
        import logging

        from samverk import Onboarding

        logging.getLogger("bank").info("paid to %s", payee.iban)
        return Onboarding(ready=True)

    def step("""

ALL_READY = "return Onboarding(ready=True)"

CONTROLS: dict[str, list[Control]] = {
    "good_rail": [
        ("keys", field('SettingField("Bank code", T("Bank"), required=False)')),
        ("keys", field('SettingField("a", T("A"), required=False), SettingField("a", T("B"), required=False)')),
        ("fields", field('SettingField("a", T("A"), FieldKind.DAYS, False, default="many")')),
        ("fields", field('SettingField("a", T("A"), FieldKind.CHOICE, False, choices=((1, T("One")),))')),
        ("fields", field('SettingField("a", "A", required=False)')),
        ("rubbish", field('SettingField("a", T("A"), FieldKind.DAYS, False, minimum="1")')),
        ("placeholders", init('T("The bank refused.")', 'T("The bank refused %(order)s.")')),
        ("onboards", init('url=f"{BANK}/join', 'url=f"http://bank.test/join')),
        ("onboards", init(', url=f"{BANK}/join/{payee.id}", missing=[T("Join the bank.")]', "")),
        ("onboards", init('missing=[T("Join the bank.")]', 'missing=["Join the bank."]')),
        ("onboards", init('raise BadAnswer(T("The bank\'s answer cannot be read.")) from None', ALL_READY)),
        ("onboards", init("except (KeyError, TypeError, ValueError)", "except KeyError")),
        ("server", init('"good_bank": FakeBank', '"other": FakeBank')),
        (
            "no-socket",
            init(
                "        answer = ctx.http.request(",
                "        import socket\n\n        socket.socket().close()\n        answer = ctx.http.request(",
            ),
        ),
        ("webhooks", init("        told = json.loads(body)\n", COUNTED)),
        (
            "signature",
            init(
                'if not hmac.compare_digest(expected, headers.get("X-Signature", "")):',
                "if not headers.get('X-Signature') or not body:",
            ),
        ),
        ("signature", init('headers.get("X-Signature", "")', 'headers["X-Signature"]')),
        ("signature", init('ctx.secrets["webhook"].encode()', 'ctx.secrets.get("webhook", "").encode()')),
        (
            "signature",
            {
                INIT: [
                    ('ctx.secrets["webhook"].encode()', 'ctx.secrets.get("webhook", "none").encode()'),
                    ("if not hmac.compare_digest(", 'if "webhook" in ctx.secrets and not hmac.compare_digest('),
                ]
            },
        ),
        ("secrets", init("        signed = {", WRITTEN)),
        ("secrets", init("        signed = {", "        __import__('os').write(2, body or b'')\n        signed = {")),
        ("secrets", init("        signed = {", "        __import__('warnings').warn(str(body))\n        signed = {")),
        ("forgets", init('self._ask(ctx, "DELETE", f"/payees/{payee.id}")', "return None")),
        ("outcomes", init("for order in batch.orders}", TWO_OF_THREE)),
        ("secrets", init("    def step(", ONBOARDING)),
        ("same-key", init(SUBMIT, FRESH_KEYS)),
        ("same-key", {INIT: [RUN, (SUBMIT, SUBMIT.replace("{key}", "{RUN}"))]}),
        ("drop", {INIT: [RUN, (SUBMIT, BY_THE_LAST)]}),
        ("drop", init("return Ambiguous(error.message)", 'return Refused(error.message, code="lost")')),
        ("errors", init("if answer.status in (401, 403):", "if answer.status == 401:")),
        ("errors", init("if answer.status == 429:", "if answer.status == 0:")),
        ("errors", init('int(answer.headers.get("Retry-After", 60))', "60")),
        ("errors", init('raise RateLimited(T("The bank asks for a pause."),', "raise ValueError(")),
        ("errors", init("if answer.status == 422:", "if answer.status in (200, 422) and b'id' not in answer.body:")),
        ("errors", init("if answer.status == 422:", "if answer.status in (422, 503):")),
        ("errors", init("            if answer.status == 200:\n", "            if answer.status >= 500:\n" + DONE)),
        (
            "errors",
            init(
                "        except (KeyError, TypeError, ValueError):\n            return Amb",
                "        except (KeyError, ValueError):\n            return Amb",
            ),
        ),
        (
            "partial",
            init('return Refused(T("The bank refused."), code="refused")', 'return Ambiguous(T("Nobody knows."))'),
        ),
        ("events", init('told["status"], at', '"paid", at')),
        (
            "events",
            init(
                "        at = datetime",
                "        amount = Money(7, 'JPY') if amount.currency == 'JPY' else amount\n        at = datetime",
            ),
        ),
        (
            "events",
            {
                INIT: [
                    *KNOWN,
                    (
                        'told["reference"], told["status"]',
                        'next(o for o, r in SENT.items() if r == told["transfer"]), told["status"]',
                    ),
                ]
            },
        ),
        (
            "events",
            init(
                '        amount = self.from_wire(told["amount"]', '        amount = self.from_wire(told["amount"] * 100'
            ),
        ),
        ("lookup", init("            if answer.status == 200:\n", MADE_UP)),
        ("lookup", {INIT: [*KNOWN, ("            if answer.status == 200:\n", "            if reference in SENT:\n")]}),
        ("wire-units", init("return amount.minor * CENTS.get(amount.currency, 1)", "return amount.minor")),
        ("wire-units", init('"HUF": 100, ', '"HUF": 0, ')),
        (
            "wire-units",
            init(
                "return amount.minor * CENTS", "return amount.minor // (100 if amount.currency == 'SEK' else 1) * CENTS"
            ),
        ),
        (
            "wire-units",
            {
                INIT: [
                    (
                        '    title = T("Bank")\n',
                        '    title = T("Bank")\n    currencies = frozenset({"EUR", "BHD", "CLP"})\n',
                    ),
                    (
                        "return amount.minor * CENTS",
                        "return amount.minor * (10 if amount.currency == 'BHD' else 1) * CENTS",
                    ),
                    ("Money(value // CENTS", "Money(value // (10 if currency == 'BHD' else 1) // CENTS"),
                ]
            },
        ),
    ],
    "good_file": [
        ("outcomes", init('T("Upload the file."), ', 'T("Upload the file."), url="http://bank.test/", ')),
        ("takes", init('return Kit(servers={"good_file": Desk})', "return Kit()")),
        ("takes", init('settings = {"iban": IBAN}', 'settings = {"iban": None}')),
        ("settings", init('ctx.settings["iban"] or ""', 'ctx.settings["iban"]')),
        ("payee", init('details["phone"] or "+"', 'details["phone"]')),
        ("payee", init('[("phone", T("Begin', '[("telephone", T("Begin')),
        ("payee", init('T("Begin with + and the country.")', '"Begin with + and the country."')),
        ("payee", init('phone.startswith("+")', 'phone.startswith("0")')),
        ("payee", init('(details["phone"] or "")[-2:]', '(details["code"] or "")')),
        ("payee", init('phone = details["phone"] or "+"', DIALLED)),
        ("same-key", init('f"{batch.id}.{kind}"', EACH_TIME)),
        (
            "same-key",
            {
                INIT: [
                    ("\n\nclass File(", "\nRUN = __import__('uuid').uuid4().hex\n\n\nclass File("),
                    ('f"{batch.id}.{kind}"', 'f"{RUN}.{kind}"'),
                ]
            },
        ),
    ],
}
