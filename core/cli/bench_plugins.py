"""What plugins cost: a call through the fence, and pages while many are installed that have nothing to show there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask.testing import FlaskClient

from core.cli import bench_world as world
from core.cli.bench_results import Results, interleaved
from core.instance import Instance
from core.money import Money
from core.plugin_api.hooks import hookimpl
from core.plugin_api.jobs import Job
from core.plugin_api.manifest import Plugin
from core.plugin_api.pages import Panel, Place, PluginPage, View
from core.plugin_api.payment_models import Fact, Line, PaymentModel, Planned, Terms
from core.plugin_api.text import Text
from core.plugin_host.board import Board
from core.plugin_host.host import PluginHost
from core.plugin_host.loader import Candidate, find

PAGE = "/admin/"
CALLS, ROUNDS, VISITS = 20_000, 15, 60
FENCE, IDLE = 10.0, 1.15
COUNTS = (1, 10, 50)


def measure(results: Results, instance: Instance) -> None:
    """The fence's gate, the idle plugins' gate, and how both grow."""
    measure_fence(results)
    measure_idle(results, instance)


def measure_fence(results: Results) -> None:
    """What a call through the fence costs above the bare call, in a process that serves."""
    host = PluginHost([])
    with TemporaryDirectory(prefix="samverk-bench-") as folder:
        host.fence.watch.serve(Board(Path(folder)))
        model, terms = _model("bench")(), Terms("EUR", {})

        def bare() -> None:
            for _ in range(CALLS):
                model.earned(terms, ())

        def fenced() -> None:
            for _ in range(CALLS):
                host.call("bench", model.earned, terms, (), returns=list)

        direct, through = interleaved(ROUNDS, bare, fenced, watch=time.thread_time)
    above = (through - direct) / CALLS * 1e6
    results.gate("A call through the fence, above the bare call", f"{above:.1f} µs", f"{FENCE:.0f} µs", above <= FENCE)


def measure_idle(results: Results, instance: Instance) -> None:
    """The admin's first page without further plugins and with 1, 10 and 50, and the time to load those."""
    clients = [_client(instance, count) for count in (0, *COUNTS)]

    def visit(client: FlaskClient) -> Any:
        return lambda: client.get(PAGE).text

    none, *grown = interleaved(VISITS, *map(visit, clients), watch=time.thread_time)
    ratios = [seconds / none for seconds in grown]
    most = ratios[-1]
    results.gate(f"Page with {COUNTS[-1]} idle plugins, against none", f"{most:.2f} ×", f"{IDLE} ×", most <= IDLE)
    told = ", ".join(f"{count}: {ratio:.2f} ×" for count, ratio in zip(COUNTS, ratios, strict=True))
    results.reading("Page by number of idle plugins", f"{told} (none: {none * 1000:.1f} ms)")

    loads = [lambda count=count: PluginHost.load(candidates=_candidates(count)) for count in COUNTS]
    times = interleaved(3, *loads)
    told = ", ".join(f"{count}: {seconds * 1000:.0f} ms" for count, seconds in zip(COUNTS, times, strict=True))
    results.reading("Loading by number of plugins", told)


def _client(instance: Instance, count: int) -> FlaskClient:
    """A browser of an application over the same installation with `count` further plugins."""
    from wsgi import make_app

    made = Instance(instance.settings)
    host = PluginHost.load(candidates=[*find(safe_mode=True), *_candidates(count)])
    if len(host.active) < count:
        raise RuntimeError("the idle plugins are broken")
    made.__dict__["plugins"] = host
    return world.signed_in(make_app(made))


def _candidates(count: int) -> list[Candidate]:
    return [Candidate(name, f"dist-{name}", "1.0", "", _plugin(name)) for name in map("idle_{}".format, range(count))]


def _model(of: str) -> type[PaymentModel]:
    class Idle(PaymentModel):
        name = of
        title = Text("Idle")

        def describe(self, terms: Terms) -> Sequence[Text]:
            return []

        def earned(self, terms: Terms, facts: Sequence[Fact]) -> Sequence[Line]:
            return []

        def cap(self, terms: Terms, planned: Planned) -> Money:
            return Money.zero(terms.currency)

    return Idle


def _plugin(of: str) -> Any:
    """A plugin that brings a model, a page, a panel of another page, a job and an observer."""

    class Idle(Plugin):
        name = of
        title = Text("Idle")
        api_version = 1

        @hookimpl
        def register_payment_models(self) -> Sequence[type[PaymentModel]]:
            return [_model(of)]

        @hookimpl
        def register_pages(self) -> Sequence[PluginPage]:
            return [PluginPage("", Text("Idle"), lambda request: View(f"x/{of}/idle.html"))]

        @hookimpl
        def register_panels(self) -> Sequence[Panel]:
            return [Panel(Place.CAMPAIGN, Text("Idle"), lambda request, subject: View(f"x/{of}/idle.html"))]

        @hookimpl
        def register_jobs(self) -> Sequence[Job]:
            return [Job("idle", Text("Idle"), lambda ctx: None)]

        @hookimpl
        def on_sale_attributed(self, event: object) -> None:
            """Hear and do nothing."""

    return Idle
