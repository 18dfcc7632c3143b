"""What an order leaves after discount and commission."""

from __future__ import annotations

import logging
from datetime import timedelta
from decimal import Decimal

import click

from samverk import (
    Invalid,
    Job,
    Money,
    Panel,
    PermissionSpec,
    Place,
    Plugin,
    PluginPage,
    SaleAttributed,
    View,
    hookimpl,
    parse_number,
    texts,
)

T = texts("order_margin")
log = logging.getLogger("samverk_order_margin")
TYPICAL = {"price": "89", "cost": "30", "discount": "15", "commission": "12", "currency": "EUR"}


def left(price: Money, cost: Money, discount: Decimal, commission: Decimal) -> Money:
    """The price less the discount, the commission on what is paid, and the cost."""
    paid = price - price.percent(discount)
    return paid - paid.percent(commission) - cost


def reckon(typed: dict[str, str]) -> Money:
    """The same from what a person typed; raises `Invalid`."""
    price, cost, discount, commission = (parse_number(typed[name]) for name in list(TYPICAL)[:4])
    try:
        amounts = [Money.from_decimal(amount, typed["currency"]) for amount in (price, cost)]
    except ValueError:
        raise Invalid(T("These are not amounts in this currency.")) from None
    return left(*amounts, discount, commission)


def page(request):
    """The reckoner; it changes nothing, so it takes a GET."""
    typed = {name: request.query.get(name, usual).strip() for name, usual in TYPICAL.items()}
    try:
        return View("x/order_margin/page.html", {"typed": typed, "left": reckon(typed), "error": None})
    except Invalid as error:
        return View("x/order_margin/page.html", {"typed": typed, "left": None, "error": error.message})


def card(request, subject):
    """The typical order, on the admin's first page and on each campaign."""
    return View("x/order_margin/card.html", {"left": reckon(TYPICAL), "typed": TYPICAL})


def remind(ctx):
    """Once a week for each brand, in the worker."""
    log.info("brand %s: a typical order leaves %s", ctx.brand, reckon(TYPICAL).decimal)


@click.command("left")
@click.argument("price")
@click.option("--cost", default=TYPICAL["cost"])
@click.option("--discount", default="0")
@click.option("--commission", default="0")
@click.option("--currency", default=TYPICAL["currency"])
@click.pass_obj
def left_command(ctx, **typed):
    """Say what an order leaves."""
    try:
        click.echo(f"{reckon(typed).decimal} {typed['currency']}")
    except Invalid as error:
        raise click.ClickException(str(error.message)) from None


class OrderMargin(Plugin):
    """Pages, panels, a command, a job and an observer."""

    name = "order_margin"
    title = T("Order margin")
    api_version = 1

    @hookimpl
    def register_permissions(self):
        return [PermissionSpec("x:order_margin:reckon", T("Reckon what is left"), ("owner", "manager", "finance"))]

    @hookimpl
    def register_pages(self):
        return [PluginPage("", T("Order margin"), page, permission="x:order_margin:reckon", nav=True, icon="coin")]

    @hookimpl
    def register_panels(self):
        return [Panel(place, T("A typical order"), card) for place in (Place.DASHBOARD, Place.CAMPAIGN)]

    @hookimpl
    def register_commands(self):
        return [left_command]

    @hookimpl
    def register_jobs(self):
        return [Job("weekly", T("Weekly reminder"), remind, timedelta(days=7))]

    @hookimpl
    def on_sale_attributed(self, event: SaleAttributed):
        log.info("order %s of %s brought %s %s", event.order, event.brand, event.amount.decimal, event.amount.currency)


plugin = OrderMargin()
