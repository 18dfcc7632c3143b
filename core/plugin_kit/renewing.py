"""A secret that the other side replaces is kept before anything else can go wrong."""

from __future__ import annotations

from dataclasses import replace

from core.plugin_api.context import Response
from core.plugin_api.contract import Provider
from core.plugin_api.kit import FakeServer, Request
from core.plugin_host.declared import fields_of
from core.plugin_kit.checks import Broken, NotAsked, Subject, check
from core.plugin_kit.outside import KINDS, calls, over, server_for
from core.plugin_kit.wire import plainly


@check(
    "renewed",
    "A secret that the other side replaces is kept at once",
    *KINDS,
    hint='Call ctx.keep_secret("refresh_token", new) right after the answer that brought it, before the next request.',
)
def renewed(subject: Subject, item: Provider) -> None:
    """Each call begins with what the ones before have kept, as in another process, and keeps before it asks on."""
    server = server_for(subject, item)
    if not server.rotates:
        raise NotAsked
    first, kept = dict(server.secrets), dict(server.secrets)
    for name in calls(item, server):
        _ask(subject, item, name, server, kept)
    for key in server.rotates:
        if server.secrets.get(key) == first.get(key):
            mend = f"Let answer() of the FakeServer hand out a new {key}, take it down and refuse the old one."
            raise Broken(f"a server that replaces {key} when it is asked", "the same as before", "FakeServer", mend)


def _ask(subject: Subject, item: Provider, name: str, server: FakeServer, kept: dict[str, str]) -> None:
    declared = {field.key for field in fields_of(subject.record) if field.secret}
    told, late = dict(kept), []

    def keep(key: str, value: str) -> str:
        if key not in declared:
            raise LookupError(f"{key} is not a secret that this plugin declares")
        told[key] = kept[key] = value
        return value

    def dropped() -> list[str]:
        return [key for key in server.rotates if kept.get(key) != server.secrets.get(key)]

    def watched(request: Request, server: FakeServer) -> Response:
        late.extend(dropped())
        return plainly(request, server)

    ctx, wire = over(subject, server, watched)
    try:
        calls(item, server)[name](replace(ctx, secrets=told, keep_secret=keep))
    except Exception:
        if not late:
            raise
    for key in late:
        raise Broken(f"the new {key} to be kept before the next request", "it was not kept yet", name)
    for key in dropped():
        raise Broken(f"the new {key} to be kept", "the old one", f"{name}, after {len(wire.sent)} requests")
