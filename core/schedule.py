"""Plugins' jobs: each minute the clock writes what has come due into the outbox, and the worker runs it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock, outbox
from core.accounts.models import Brand
from core.crypto import Keyring
from core.outbox import OutboxJob
from core.plugin_api.jobs import Job
from core.plugin_api.manifest import PluginScope
from core.plugin_host.calls import insist
from core.plugin_host.contexts import context_of
from core.plugin_host.data import lend
from core.plugin_host.deadlines import Seam
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure
from core.plugin_host.service import switches, switches_of

RUN = "plugins.job"
LEASE = timedelta(minutes=15)


def enqueue_due(session: Session, host: PluginHost) -> int:
    """Write a run of each job for each brand where its plugin is on, once in each stretch; how many are new.

    Of a paused plugin none: those that were written before wait for it.
    """
    paused = host.fence.health.paused
    due = dict(_due(session, host, [(plugin, job) for plugin, job in host.jobs() if plugin not in paused]))
    known = set(session.scalars(select(OutboxJob.key).where(OutboxJob.key.in_(due))))
    return sum(outbox.enqueue(session, RUN, payload, key) for key, payload in due.items() if key not in known)


def long_runs(session: Session, host: PluginHost) -> set[str]:
    """The keys of runs whose stretch may last longer than the outbox remembers."""
    long = [(plugin, job) for plugin, job in host.jobs() if job.every > outbox.KEPT]
    return {key for key, _ in _due(session, host, long)} if long else set()


def _due(session: Session, host: PluginHost, jobs: list[tuple[str, Job]]) -> Iterator[tuple[str, dict[str, Any]]]:
    brands = dict(session.execute(select(Brand.id, Brand.public_id).order_by(Brand.id)).all())
    on, moment = switches_of(session, {None, *brands}), clock.now().timestamp()
    for plugin, job in jobs:
        record = host.active[plugin].plugin
        whole = record is not None and record.scope is PluginScope.SITE
        stretch = int(moment // job.every.total_seconds())
        for brand, public in [(None, None)] if whole else brands.items():
            if on[brand].get(plugin, True):
                payload = {"plugin": plugin, "job": job.name, "brand": public}
                yield f"x:{plugin}:{job.name}:{public or ''}:{stretch}", payload


def run(session: Session, host: PluginHost, keyring: Keyring, payload: dict[str, Any]) -> None:
    """Run a job; `PluginFailed` when the plugin fails. One that is off or gone meanwhile is left."""
    plugin, public = payload["plugin"], payload["brand"]
    brand = session.scalars(select(Brand).where(Brand.public_id == public)).one() if public else None
    job = job_of(host, plugin, payload["job"])
    if job is not None and is_on(session, plugin, brand):
        insist(work(session, host, keyring, plugin, job, brand))


def job_of(host: PluginHost, plugin: str, name: str) -> Job | None:
    """A plugin's job by its name; None when it has none of that name now."""
    return next((job for owner, job in host.jobs() if (owner, job.name) == (plugin, name)), None)


def is_on(session: Session, plugin: str, brand: Brand | None) -> bool:
    """Whether a plugin's jobs run for a brand, or for the installation."""
    return switches(session, brand.id if brand else None).get(plugin, True)


def work(
    session: Session, host: PluginHost, keyring: Keyring, plugin: str, job: Job, brand: Brand | None
) -> object | Failure:
    """Run a job once and now, behind the fence; the session is closed before, for nothing is held meanwhile."""
    ctx = context_of(session, host, keyring, plugin, brand)
    bind = session.get_bind()
    session.close()
    do, host = job.run, host.of(ctx.brand)
    return lend(host, bind, plugin, ctx, lambda ctx: host.call(plugin, do, ctx, seam=Seam.WORK, what=job.name))
