"""`make bench`: measures what the house promised of its speed and writes docs/benchmarks.md.

Gates are counts, bytes, rates and ratios within one run, so that the machine matters little.
Exit 1 when one is missed.
"""

from __future__ import annotations

import gzip
import os
import platform
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from flask.testing import FlaskClient

from core import clock
from core.cli import bench_plugins, bench_rates
from core.cli import bench_world as world
from core.cli.bench_floor import floor_of
from core.cli.bench_results import Results, interleaved, timed
from core.i18n import ROOT, compile_catalogues
from core.instance import Instance

REPORT = ROOT / "docs" / "benchmarks.md"
PEOPLE, CAMPAIGNS = "/admin/people", "/admin/campaigns"
MANY = 100_000
ROUNDS, STARTS, POSTINGS, BATCH = 60, 5, 10_000, 500
STATEMENTS, RATIO, WEIGHT, START, RATE, SECONDS = 8, 4.0, 48_000, 1.5, 1_000, 60.0
OWN = ("core", "admin", "portal", "plugins", "samverk", "wsgi")
LIST_MODULES = """
import sys
before = set(sys.modules)
from wsgi import app
app.extensions["samverk"].plugins
print(*(m for m in sys.modules if m not in before))
"""
IMPORT_ALL = """
import importlib
for name in {modules!r}:
    try:
        importlib.import_module(name)
    except Exception:  # a module's private part that only the module itself can load
        pass
"""


def main() -> int:
    """Measure everything, write the report, 1 when a gate is missed."""
    results = Results()
    compile_catalogues(ROOT / "translations")
    measure_start(results)
    with world.installation() as (instance, app):
        client = world.signed_in(app)
        folder = instance.settings.instance
        few = _few(instance, client, folder)
        measure_import(results, instance, client, folder)
        world.plan_campaigns(instance, 45)
        for url, before in few.items():
            measure_list(results, instance, client, url, before)
        measure_weight(results, client)
        measure_ledger(results, instance)
        bench_rates.measure(results, instance)
        bench_plugins.measure(results, instance)
    REPORT.write_text(report(results), "utf-8")
    return 0 if all(gate.ok for gate in results.gates) else 1


def _few(instance: Instance, client: FlaskClient, folder: Path) -> dict[str, int]:
    """The statements of the lists while they are short: 100 people, 10 campaigns."""
    world.write_people(folder / "few.csv", 100, "few")
    world.import_people(instance, folder / "few.csv")
    world.plan_campaigns(instance, 10)
    return {url: len(world.statements(instance, client, url)) for url in (CAMPAIGNS, PEOPLE)}


def measure_start(results: Results) -> None:
    """The whole process until the application stands, against a process that only imports the same modules."""
    with TemporaryDirectory(prefix="samverk-bench-") as scratch:
        environment = _environment(Path(scratch))

        def run(code: str) -> str:
            command = [sys.executable, "-c", code]
            return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

        modules = run(LIST_MODULES).split()
        foreign = IMPORT_ALL.format(modules=[name for name in modules if name.split(".")[0] not in OWN])
        every = IMPORT_ALL.format(modules=modules)
        whole = 'from wsgi import app\napp.extensions["samverk"].plugins'
        others, bare, app = interleaved(STARTS, lambda: run(foreign), lambda: run(every), lambda: run(whole))
    ratio = app / bare
    results.gate("Application start, against its bare imports", f"{ratio:.2f} ×", f"{START} ×", ratio <= START)
    told = f"{app:.2f} s (its imports {bare:.2f} s, of these other people's libraries {others:.2f} s)"
    results.reading("Start of the process until the application stands", told)


def measure_import(results: Results, instance: Instance, client: FlaskClient, folder: Path) -> None:
    """`samverk import influencers` of a long file, while a page is asked for again and again."""
    path = folder / "many.csv"
    world.write_people(path, MANY, "many")
    command = [
        sys.executable,
        "-c",
        "from wsgi import cli; cli()",
        "import",
        "influencers",
        str(path),
        "--brand",
        world.BRAND,
    ]
    waits = []
    begin = time.perf_counter()
    with subprocess.Popen(command, env=_environment(folder), stdout=subprocess.PIPE, text=True) as child:
        while child.poll() is None:
            waits.append(timed(lambda: client.get(PEOPLE)))
            time.sleep(0.2)
        seconds = time.perf_counter() - begin
        told = child.stdout.read() if child.stdout else ""
    if child.returncode or f"{MANY} new" not in told:
        raise RuntimeError(f"the import failed: {told}")
    results.gate(
        f"Import of {MANY:,} influencers by the command line",
        f"{seconds:.1f} s",
        f"{SECONDS:.0f} s",
        seconds <= SECONDS,
    )
    middle, slowest = statistics.median(waits) * 1000, max(waits) * 1000
    results.reading("List of influencers meanwhile", f"median {middle:.0f} ms, slowest {slowest:.0f} ms")


def measure_list(results: Results, instance: Instance, client: FlaskClient, url: str, before: int) -> None:
    """Statements and time of a list of 50."""
    people = url == PEOPLE
    name = f"50 of {MANY:,} influencers" if people else "50 campaigns"
    asked = world.statements(instance, client, url)
    now = len(asked)
    ok = before == now <= STATEMENTS
    short = "100 influencers" if people else "10 campaigns"
    results.gate(f"SQL statements, {name}", f"{now} (with {short}: {before})", f"{STATEMENTS}, and equal", ok)
    page = floor_of(url, client.get(url).text, asked, instance.settings.instance / "samverk.db")
    if page().count("<tr") != client.get(url).text.count("<tr"):
        raise RuntimeError(f"{url} and its floor differ in rows")
    # the thread's own processor time: what neighbours on the machine take is no part of a page
    floor_time, app_time = interleaved(ROUNDS, page, lambda: client.get(url).text, watch=time.thread_time)
    ratio = app_time / floor_time
    results.gate(f"Time, {name}, against sqlite3 and Jinja alone", f"{ratio:.2f} ×", f"{RATIO:.0f} ×", ratio <= RATIO)
    results.reading(f"Page of {name}", f"{app_time * 1000:.1f} ms (floor {floor_time * 1000:.1f} ms)")


def measure_weight(results: Results, client: FlaskClient) -> None:
    """HTML, CSS and scripts of the heavier list, each gzipped by itself as a server would."""
    weights = {}
    for url in (PEOPLE, CAMPAIGNS):
        html = client.get(url).text
        parts = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js)(?:\?[^"]*)?)"', html)
        weights[url] = sum(_zipped(client.get(part).data) for part in parts) + _zipped(html.encode())
    heavy = max(weights.values())
    results.gate("HTML, CSS and scripts, gzipped", f"{heavy:,} bytes", f"{WEIGHT:,} bytes", heavy <= WEIGHT)


def measure_ledger(results: Results, instance: Instance) -> None:
    """Postings a second, booked in batches, and that the books verify afterwards."""
    from core.ledger.verify import verify

    rate = POSTINGS / timed(lambda: world.book_earnings(instance, POSTINGS, BATCH))
    name = f"Ledger postings a second, {BATCH} to a batch, SQLite"
    results.gate(name, f"{rate:,.0f}", f"at least {RATE:,}", rate >= RATE)
    with instance.database.session() as session:
        found = verify(session)
    if not found.ok:
        raise RuntimeError(f"the books are broken: {found.findings}")


def report(results: Results) -> str:
    """The page for docs/."""
    lines = [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {clock.now():%d %B %Y}. {machine()}",
        "",
        "Gates are counts, bytes, rates and ratios of one run; a missed one makes the command fail.",
        "",
        "| gate | figure | limit | |",
        "| --- | --- | --- | --- |",
        *(f"| {g.name} | {g.figure} | {g.limit} | {'ok' if g.ok else '**missed**'} |" for g in results.gates),
        "",
        "Readings of the same run, for comparison on one machine only:",
        "",
        "| reading | figure |",
        "| --- | --- |",
        *(f"| {name} | {figure} |" for name, figure in results.readings),
        "",
        "How it is measured: an installation in a temporary folder, filled through the services: people by the",
        "import, campaigns by planning and launching them (nobody takes part in them yet). A page is asked for through",
        "the whole application, signed in, in English. The floor (`core/cli/bench_floor.py`) reads the same rows with",
        "`sqlite3` and writes the same markup with Jinja and Babel; both take turns, and the time of a page is the",
        "processor time of its thread. Bare imports are exactly the modules that the application has loaded once it",
        "stands, its own among them, in a process that does nothing else. The fence is measured with its watch and its",
        "board, as in a process that serves; an idle plugin brings a model, a page, a panel of another page, a job and",
        "an observer. A new sale is taken as the API takes it, judged, booked and committed, in processor time; the",
        "sales around it and those of the batches are written straight into their table, and what they earn is booked",
        "by the rate of a commission.",
        "",
    ]
    return "\n".join(lines)


def machine() -> str:
    """The machine in words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.system()} on "
        f"{platform.machine()}, {cores} cores; load {os.getloadavg()[0]:.1f} when it was written."
    )


def _environment(folder: Path) -> dict[str, str]:
    """The environment of a child: this installation, and nothing that the caller set for another."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAMVERK_")}
    return kept | {"PYTHONPATH": str(ROOT), "SAMVERK_INSTANCE": str(folder)}


def _zipped(raw: bytes) -> int:
    return len(gzip.compress(raw, 6, mtime=0))


if __name__ == "__main__":
    sys.exit(main())
