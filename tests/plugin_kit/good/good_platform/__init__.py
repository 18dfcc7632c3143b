"""A platform that passes the kit: JSON, pages, an ad label."""

import json
from datetime import UTC, datetime

from samverk import (
    AuthExpired,
    BadAnswer,
    Disclosure,
    EvidenceLevel,
    Kit,
    Metrics,
    NotFound,
    Page,
    PlatformConnector,
    Plugin,
    Post,
    PostRef,
    Profile,
    RateLimited,
    T,
    Unavailable,
    hookimpl,
)

API = "https://api.plat.test"


class Plat(PlatformConnector):
    name = "good_plat"
    title = T("Plat")

    def profile(self, ctx, account):
        def read(told):
            return Profile(told["id"], told["handle"], followers=told["followers"], verified=told["verified"])

        return self._get(ctx, f"/accounts/{account}", read)

    def posts(self, ctx, account, cursor=None):
        def read(told):
            return Page([Post(post["id"], post["url"]) for post in told["posts"]], told["next"])

        return self._get(ctx, f"/accounts/{account}/posts?after={cursor or ''}", read)

    def metrics(self, ctx, posts):
        at = datetime(2026, 2, 1, tzinfo=UTC)

        def read(post):
            counts = {k: v for k, v in post["counts"].items() if v is not None}
            return Metrics(post["id"], at, counts, EvidenceLevel.MEASURED)

        return self._get(ctx, "/metrics?ids=" + ",".join(posts), lambda told: [read(post) for post in told["posts"]])

    def disclosure(self, ctx, post):
        return self._get(ctx, f"/posts/{post}", lambda told: Disclosure(told["ad"]))

    def resolve_url(self, url):
        host, _, post = url.removeprefix("https://").partition("/p/")
        return PostRef(post, url) if host == "plat.test" and post.isalnum() else None

    def forget(self, ctx, account):
        ctx.http.request("DELETE", f"{API}/accounts/{account}", headers=self._signed(ctx))

    def _signed(self, ctx):
        return {"Authorization": f"Bearer {ctx.secrets['token']}"}

    def _get(self, ctx, path, read):
        answer = ctx.http.request("GET", API + path, headers=self._signed(ctx))
        if answer.status in (401, 403):
            raise AuthExpired(T("Connect again."))
        if answer.status == 404:
            raise NotFound(T("It is not there."))
        if answer.status == 429:
            raise RateLimited(T("Asked too often."), int(answer.headers.get("Retry-After", 60)))
        if answer.status >= 500:
            raise Unavailable(T("It does not answer."))
        try:
            return read(json.loads(answer.body))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise BadAnswer(T("This cannot be understood.")) from None


class GoodPlatform(Plugin):
    name = "good_platform"
    title = T("Plat")
    api_version = 1

    @hookimpl
    def register_platforms(self):
        return [Plat]

    def kit(self):
        from .fake import FakePlat

        return Kit(servers={"good_plat": FakePlat})


plugin = GoodPlatform()
