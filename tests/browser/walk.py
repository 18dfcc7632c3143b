"""One whole collaboration as two people click it: she at her desk, the influencer on a phone.

Nothing here reads a label, so that the same walk goes in every language: fields are found by
their names, buttons by the forms they stand in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "nobody guesses this one"
IBAN = {"FI": "FI2112345600000785", "SE": "SE4550000000058398257466", "NO": "NO9386011117947"}
POSTCODE = {"FI": "00150", "SE": "113 24", "NO": "0150"}
TAX_ID = {"FI": "131052-308T", "SE": "811218-9876", "NO": "15108695088"}
PICTURE = bytes.fromhex(  # one teal pixel, the smallest picture that is one
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63108c8c0100014500c76674337f0000000049454e44ae426082"
)
LABEL = {"FI": "Mainos Havsro", "SE": "Reklam för Havsro", "NO": "Reklame | Havsro"}


@dataclass
class Look:
    """How somebody looks at it: language, width, colours."""

    locale: str
    width: int
    height: int
    scheme: str


@dataclass
class Walk:
    """The walk, step by step; each step leaves the pages where the next begins."""

    browser: Browser
    base: str
    look: Look
    country: str = "FI"
    faults: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk, self.phone = self._context(), self._context()
        self.brand, self.creator = self._page(self.desk), self._page(self.phone)

    def _context(self) -> BrowserContext:
        size = {"width": self.look.width, "height": self.look.height}
        shown: dict[str, Any] = {"viewport": size, "color_scheme": self.look.scheme, "reduced_motion": "reduce"}
        return self.browser.new_context(locale=self.look.locale, **shown)

    def _page(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda m: self.faults.append(f"{page.url}: {m.text}") if m.type == "error" else None)
        page.on("response", lambda r: self.faults.append(f"{r.status} {r.url}") if r.status >= 400 else None)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("load", lambda loaded: self.seen.append(loaded.url))
        return page

    def go(self, page: Page, path: str) -> None:
        page.goto(path if path.startswith("http") else self.base + path)

    def send(self, page: Page, form: str = "main form[method=post]:has(.field)") -> None:
        """Send a form by its own button, and wait for the page it leads to."""
        page.locator(form).first.locator("button:not([type=button]):not([name])").last.click()
        page.wait_for_load_state()

    def press(self, page: Page, action: str) -> None:
        """Press the button of the small form that posts to an address; a dialog that asks is answered yes."""
        button = page.locator(f'main form[action*="{action}"] button:not([type=button])').first
        button.click()
        yes = page.locator("dialog[open] button[value=yes], dialog[open] [data-yes]")
        if yes.count():
            yes.first.click()
        page.wait_for_load_state()

    # 1 ----------------------------------------------------------------------------------------
    def set_up(self) -> None:
        page = self.brand
        self.go(page, "/")
        expect(page).to_have_url(re.compile("/setup$"))
        for name, value in {
            "name": "Mika Korhonen", "email": "mika@example.com", "password": PASSWORD, "brand_name": "Havsro",
        }.items():  # fmt: skip
            page.fill(f"[name={name}]", value)
        page.select_option("[name=country]", self.country)
        page.select_option("[name=currency]", {"FI": "EUR", "SE": "SEK", "NO": "NOK"}[self.country])
        self.send(page)
        expect(page).to_have_url(re.compile("/admin/$"))

    def say_who_we_are(self) -> None:
        page = self.brand
        self.go(page, "/admin/brand/edit")
        for name, value in {
            "legal_name": "Havsro Oy Ab", "business_id": "9900017-1", "street": "Rantatie 12",
            "postcode": POSTCODE[self.country], "town": "Helsinki",
        }.items():  # fmt: skip
            page.fill(f"[name={name}]", value)
        self.send(page)

    # 2 ----------------------------------------------------------------------------------------
    def import_people(self) -> None:
        page = self.brand
        self.go(page, "/admin/people/import")
        page.set_input_files("input[type=file]", ROOT / "examples" / "influencers.csv")
        self.send(page)
        expect(page).to_have_url(re.compile(r"/admin/people/import/\w+$"))
        self.send(page)  # the columns as they were recognised
        apply = page.locator('form[action$="/apply"] button')
        apply.first.wait_for(timeout=30_000)
        apply.first.click()
        page.wait_for_load_state()
        self.go(page, "/admin/people")
        expect(page.locator("tbody tr").first).to_be_visible(timeout=30_000)

    def vet(self) -> None:
        page = self.brand
        self.go(page, "/admin/people")
        link = page.locator('tbody a[href*="/admin/people/"]').first.get_attribute("href")
        assert link
        self.person = link.rsplit("/", 1)[1]
        self.go(page, f"/admin/people/{self.person}/vet")
        for group in page.locator("main form fieldset").all():
            choice = group.locator("input[type=radio]")
            if choice.count() >= 5:
                choice.nth(3).check()
        page.check("[name=verdict][value=passed]")
        self.send(page)
        expect(page).to_have_url(re.compile(rf"/admin/people/{self.person}(#|$)"))

    # 3 ----------------------------------------------------------------------------------------
    def plan_campaign(self) -> None:
        page = self.brand
        self.go(page, "/admin/campaigns/new")
        page.fill("[name=name]", "Syysihon rituaali")
        self.send(page)
        self.campaign = page.url.split("/")[-2]
        page.check("[name=goals][value=sales]")
        page.fill("[name=product]", "Kasvoseerumi")
        if not page.is_checked(f"[name=markets][value={self.country}]"):
            page.check(f"[name=markets][value={self.country}]")
        self.send(page)
        page.fill("[name=age_from]", "35")
        page.fill("[name=age_to]", "55")
        page.fill("[name=interests]", "Ihonhoito, metsä")
        self.send(page)
        page.fill('[name="messages-0-text"]', "Tuoksuu metsältä.")
        page.select_option('[name="messages-0-mark"]', "must")
        page.fill('[name="cta-0-text"]', "Käytä alennuskoodia.")
        self.send(page)
        self.pay()
        page.fill("[name=budget]", "9000")
        page.fill("[name=hold_days]", "0")
        self.send(page)
        self.press(page, "/launch")
        expect(page).to_have_url(re.compile(rf"/admin/campaigns/{self.campaign}$"))

    def pay(self) -> None:
        page = self.brand
        page.select_option('[name="d0-kind"]', "reel")
        page.select_option('[name="d0-platform"]', "instagram")
        page.fill('[name="d0-quantity"]', "1")
        for model in ("fixed", "commission", "gifting"):
            page.select_option("[name=new_part]", model)
            page.locator("[name=add]").click()
            page.wait_for_load_state()
        self.fill_terms(page)
        page.locator("[name=preview]").click()
        page.wait_for_load_state()
        expect(page.locator("table").first).to_be_visible()
        self.send(page)
        expect(page).to_have_url(re.compile("/budget$"))

    def fill_terms(self, page: Page) -> None:
        """Each required field of each part, by its key."""
        known = {
            "amount": "600", "percent": "10", "rate": "10", "cap": "500", "product": "Seerumi 30 ml",
            "value": "45,00", "value_source": "Verkkokaupan hinta", "source": "Verkkokaupan hinta",
        }  # fmt: skip
        for box in page.locator("main input[name^=c], main select[name^=c]").all():
            name = box.get_attribute("name") or ""
            if not re.match(r"c\d+-", name) or box.get_attribute("type") == "checkbox":
                continue
            key = name.split("-", 1)[1]
            if key in known and box.evaluate("e => e.tagName") == "INPUT" and not box.input_value():
                box.fill(known[key])

    # 4 ----------------------------------------------------------------------------------------
    def offer(self) -> None:
        page = self.brand
        self.go(page, f"/admin/offers/new?campaign={self.campaign}&person={self.person}")
        if page.locator("[name=way][value=link]").count():
            page.check("[name=way][value=link]")
        self.send(page)
        expect(page).to_have_url(re.compile(r"/admin/collaborations/\w+$"))
        self.collaboration = page.url.rsplit("/", 1)[1]
        link = page.locator('input[readonly][value*="/portal/i/"]').input_value()
        phone = self.creator
        self.go(phone, link)
        phone.fill("[name=name]", "Aino Laine")
        phone.fill("[name=email]", "aino.laine@example.com")
        phone.fill("[name=password]", PASSWORD)
        phone.select_option("[name=country]", self.country)
        phone.check("[name=privacy]")
        self.send(phone)
        expect(phone).to_have_url(re.compile(rf"/portal/offers/{self.collaboration}$"))
        labels = [box.input_value() for box in phone.locator("main input[readonly]").all()]
        assert LABEL[self.country] in labels, labels

    def negotiate(self) -> None:
        phone, page = self.creator, self.brand
        self.go(phone, f"/portal/offers/{self.collaboration}/counter")
        phone.fill("[name=c1-amount]", "700")
        phone.fill("[name=message]", "Kuvaan kaksi päivää.")
        self.send(phone)
        self.go(page, f"/admin/collaborations/{self.collaboration}")
        self.press(page, "/accept")
        expect(page).to_have_url(re.compile("/contract$"))

    def sign(self) -> None:
        for page, path, name in (
            (self.creator, "/portal/offers/", "Aino Laine"),
            (self.brand, "/admin/collaborations/", "Mika Korhonen"),
        ):
            self.go(page, f"{path}{self.collaboration}/contract")
            page.fill("[name=typed_name]", name)
            self.send(page, "main form:has([name=typed_name])")
            answer = page.request.get(f"{self.base}{path}{self.collaboration}/contract.pdf")
            assert answer.status == 200 and answer.body().startswith(b"%PDF")

    # 5 ----------------------------------------------------------------------------------------
    def submit(self) -> None:
        phone, page = self.creator, self.brand
        self.go(phone, f"/portal/work/{self.collaboration}")
        link = phone.locator('a[href*="/portal/deliverables/"]').first.get_attribute("href")
        assert link
        self.deliverable = link.split("/")[3]
        self.draft("Tuoksuu metsältä ja rauhoittaa illan.", send=False)  # without the label: the check says so
        expect(phone.locator(".checks").first).to_be_visible()
        self.draft(f"{LABEL[self.country]} · Tuoksuu metsältä ja rauhoittaa illan.")
        self.review("changes_requested", message="Lisää koodi.")
        self.draft(f"{LABEL[self.country]} · Tuoksuu metsältä. Koodi tuo alennuksen.")
        self.review("approved")
        del page

    def draft(self, caption: str, *, send: bool = True) -> None:
        phone = self.creator
        self.go(phone, f"/portal/deliverables/{self.deliverable}/draft")
        phone.fill("[name=caption]", caption)
        if send:
            for name, value in {
                "overlay": LABEL[self.country], "overlay_from": "0", "overlay_to": "30", "length": "30",
            }.items():  # fmt: skip
                phone.fill(f"[name={name}]", value)
            phone.set_input_files("input[type=file]", {"name": "still.png", "mimeType": "image/png", "buffer": PICTURE})
        phone.locator(f"button[name=step][value={'send' if send else 'check'}]:visible").click()
        if send:
            expect(phone).to_have_url(re.compile(rf"/portal/deliverables/{self.deliverable}$"))

    def review(self, decision: str, message: str = "") -> None:
        page = self.brand
        self.go(page, "/admin/review")
        page.locator('main a[href*="/admin/review/"]').first.click()
        page.wait_for_load_state()
        if message:
            page.fill("main form [name=message]", message)
        page.locator(f"button[name=decision][value={decision}]").first.click()
        page.wait_for_load_state()

    # 6 ----------------------------------------------------------------------------------------
    def go_live(self) -> None:
        phone, page = self.creator, self.brand
        self.go(phone, f"/portal/deliverables/{self.deliverable}")
        phone.fill("[name=url]", "https://www.instagram.com/reel/C1abcDEF/")
        self.send(phone, f'form[action$="/deliverables/{self.deliverable}/post"]')
        self.go(page, "/admin/")
        page.locator('main a[href*="/admin/posts/"]').first.click()
        page.wait_for_load_state()
        post = page.url.rsplit("/", 1)[1]
        page.locator("button[name=answer][value=verified]").click()
        page.wait_for_load_state()
        self.go(page, f"/admin/posts/{post}")
        page.locator("details:has([name=views]) > summary").click()
        for metric, value in {"views": "12000", "likes": "800", "comments": "40"}.items():
            page.fill(f"[name={metric}]", value)
        self.send(page, 'form[action$="/metrics"]')

    # 7 ----------------------------------------------------------------------------------------
    def sell(self) -> None:
        page = self.brand
        self.go(page, f"/admin/collaborations/{self.collaboration}")
        self.go(self.creator, f"/portal/work/{self.collaboration}")
        code = self.creator.locator("input#discount-code").first.input_value()
        day = datetime.now(UTC).date().isoformat()
        currency = {"FI": "EUR", "SE": "SEK", "NO": "NOK"}[self.country]
        rows = f"order_id;code;amount;currency;sold_at;refund_of\n1001;{code};120,00;{currency};{day};\n"
        rows += f"1002;{code};80,00;{currency};{day};\nR1;;20,00;{currency};{day};1001\n"
        self.go(page, "/admin/sales/import")
        page.set_input_files(
            "input[type=file]", {"name": "sales.csv", "mimeType": "text/csv", "buffer": rows.encode("utf-8-sig")}
        )
        self.send(page)
        expect(page).to_have_url(re.compile(r"/admin/sales/import/\w+$"))
        page.locator("main form[method=post] button.primary").click()
        page.wait_for_load_state()
        self.go(page, "/admin/sales")
        expect(page.locator("tbody tr").first).to_be_visible()

    def gift(self) -> None:
        phone, page = self.creator, self.brand
        self.go(phone, f"/portal/work/{self.collaboration}")
        phone.locator('a[href*="/portal/gifts/"]').first.click()
        phone.wait_for_load_state()
        here = phone.url
        address = {"street": "Metsäpolku 3", "postcode": POSTCODE[self.country], "city": "Helsinki"}
        for name, value in address.items():
            phone.fill(f"[name={name}]", value)
        phone.select_option("[name=country]", self.country)
        self.send(phone)
        self.go(page, "/admin/")
        page.locator('main a[href*="/admin/gifts/"]').first.click()
        page.wait_for_load_state()
        page.locator('main a[href$="/shipped"]').click()
        page.wait_for_load_state()
        self.send(page)
        expect(page).to_have_url(re.compile(r"/admin/gifts/\w+$"))
        self.go(phone, here)
        self.send(phone, "main form:has([name=received_on])")

    # 8 ----------------------------------------------------------------------------------------
    def be_paid(self) -> None:
        phone, page = self.creator, self.brand
        self.go(phone, "/portal/payouts/account")
        for name, value in {
            "payee_name": "Aino Laine", "iban": IBAN[self.country], "street": "Metsäpolku", "building": "3",
            "postcode": POSTCODE[self.country], "town": "Helsinki", "tax_id": TAX_ID[self.country],
        }.items():  # fmt: skip
            phone.fill(f"[name={name}]", value)
        phone.select_option("[name=country]", self.country)
        phone.select_option("[name=tax_country]", self.country)
        self.send(phone)
        self.go(page, "/admin/payouts?due=all")
        for box in page.locator("main input[type=checkbox]").all():
            box.check()
        page.locator('form[action$="/prepare"] button.primary').click()
        expect(page).to_have_url(re.compile(r"/admin/payouts/runs/\w+$"))
        page.locator('main a[href$="/approve"]').click()
        page.wait_for_load_state()
        page.locator("main form[method=post] button.primary").click()
        expect(page).to_have_url(re.compile(r"/admin/payouts/runs/\w+$"))
        self.await_payout()
        page.fill("[name=reference]", "RF18 5390 0754 7034")
        self.send(page, "main form:has([name=reference])")
        self.go(phone, "/portal/")
        phone.locator('main a[href*="/portal/payouts/"]:visible').first.click()
        phone.wait_for_load_state()
        self.send(phone, "main form:has([name=received_on])")

    def await_payout(self) -> None:
        """The worker hands the run to its rail; until then the page says so."""
        page = self.brand
        for _ in range(60):
            self.go(page, "/admin/")
            link = page.locator('main a[href*="/admin/payouts/"]:not([href*="/runs/"])')
            if link.count():
                link.first.click()
                page.wait_for_load_state()
                if page.locator("[name=reference]").count():
                    return
            page.wait_for_timeout(500)
        raise AssertionError("the payout never came to be sent")

    # 9 ----------------------------------------------------------------------------------------
    def sum_up(self) -> str:
        self.go(self.brand, f"/admin/campaigns/{self.campaign}")
        return self.brand.locator("main").inner_text()

    def whole(self) -> str:
        """From an empty database to money marked as received."""
        for step in STEPS:
            getattr(self, step)()
        return self.sum_up()

    def close(self) -> None:
        self.desk.close()
        self.phone.close()


STEPS = (
    "set_up", "say_who_we_are", "import_people", "vet", "plan_campaign", "offer", "negotiate", "sign", "submit",
    "go_live", "sell", "gift", "be_paid",
)  # fmt: skip
