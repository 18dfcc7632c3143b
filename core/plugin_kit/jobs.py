"""Its jobs: they run on a brand's first day, with a filled form, empty tables and nobody who answers outside."""

from __future__ import annotations

from core.errors import SamverkError
from core.plugin_api.context import ConnectorError, Context
from core.plugin_api.jobs import Job
from core.plugin_api.kit import FakeServer
from core.plugin_api.manifest import PluginScope
from core.plugin_host.declared import fields_of
from core.plugin_kit.checks import Broken, Subject, check, fell
from core.plugin_kit.filled import secrets
from core.plugin_kit.guard import no_network
from core.plugin_kit.rows import BRAND, states, stocked
from core.plugin_kit.wire import Wire, lost


@check(
    "jobs",
    "Its jobs run where there is nothing yet, over tables that hold rows, and where nobody answers",
    "jobs",
    hint="The worker calls run(ctx). Tables may be empty, a column that may be is None in some row, a setting "
    "that was left empty is None, and ctx.http raises Unavailable when no answer came. Where a made-up row "
    "could never be there, declare the column an Enum or answer Kit(rows=...).",
)
def jobs(subject: Subject, job: Job) -> None:
    """Twice in a row; an error that says what core does next is an answer."""
    for state in states(subject):
        _hold(subject, job, state)


def _hold(subject: Subject, job: Job, state: str) -> None:
    brand = None if subject.plugin.scope is PluginScope.SITE else BRAND
    with stocked(subject, state, write=True) as data:
        wire = Wire(FakeServer(), lost)
        ctx = Context(brand, subject.settings(), secrets(fields_of(subject.record)), wire, data)
        for _ in range(2):
            with no_network() as touched:
                try:
                    job.run(ctx)
                except (ConnectorError, SamverkError):
                    pass
                except Exception as error:
                    if not touched:
                        raise Broken("an end", fell(error, subject), f"{job.name}, {state}") from None
            if touched:
                mend = "Go outside by ctx.http.request alone."
                raise Broken("ctx.http.request(...)", touched[0], f"{job.name}, {state}", mend)
