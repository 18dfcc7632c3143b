"""Public numbers of posts on Mastodon and the servers that speak its API."""

import json
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import unescape
from urllib.parse import quote, urlencode, urlsplit

from samverk import (
    AuthExpired,
    BadAnswer,
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
    SettingField,
    Unavailable,
    hookimpl,
    texts,
)

T = texts("mastodon_posts")
HOST = re.compile(r"[a-z0-9.-]+\.[a-z]{2,}")
POST = re.compile(r"/@([\w.]+)(?:@[\w.-]+)?/(\d+)/?")
NEXT = re.compile(r'max_id=(\d+)[^>]*>; *rel="next"')
FAULTS = {401: AuthExpired, 403: AuthExpired, 404: NotFound, 410: NotFound}
COUNTS = {"favourites_count": "likes", "reblogs_count": "shares", "replies_count": "comments"}
AT_ONCE = 20  # posts that a server tells in one answer


class MastodonPosts(PlatformConnector):
    name = "mastodon_posts"
    title = T("Mastodon posts")
    settings = (SettingField("server", T("Server"), default="mastodon.social", help=T("Without https://.")),)

    def profile(self, ctx, account):
        def read(found, headers):
            names = found["acct"], found.get("display_name") or "", found.get("url") or ""
            return Profile(account, *names, found.get("followers_count"), found.get("statuses_count"))

        return self._get(ctx, "accounts/lookup", read, acct=account)

    def posts(self, ctx, account, cursor=None):
        def read(found, headers):
            more = NEXT.search(headers.get("link", ""))
            return Page([self._post(here, row) for row in found], more and more[1])

        here, older = f"{ctx.settings['server']}/", {"max_id": cursor} if cursor else {}
        owner = self._get(ctx, "accounts/lookup", lambda found, headers: quote(found["id"]), acct=account)
        return self._get(ctx, f"accounts/{owner}/statuses", read, exclude_reblogs="true", **older)

    def metrics(self, ctx, posts):
        here, readings = f"{ctx.settings['server']}/", []
        mine = [post.removeprefix(here) for post in posts if post.startswith(here)]
        for start in range(0, len(mine), AT_ONCE):
            ids = {"id[]": mine[start : start + AT_ONCE]}
            readings += self._get(ctx, "statuses", lambda rows, h: [self._reading(here, h, row) for row in rows], **ids)
        return readings

    def resolve_url(self, url):
        try:
            address = urlsplit(url)
        except ValueError:
            return None
        match = POST.fullmatch(address.path) if address.scheme == "https" else None
        return PostRef(f"{address.netloc}/{match[2]}", url, match[1]) if match else None

    def _post(self, here, row):
        text = unescape(re.sub(r"<[^>]+>", "", row["content"]))
        return Post(here + row["id"], row.get("url") or "", datetime.fromisoformat(row["created_at"]), text)

    def _reading(self, here, headers, row):
        told = {name: row[key] for key, name in COUNTS.items() if row.get(key) is not None}
        return Metrics(here + row["id"], parsedate_to_datetime(headers["date"]), told, EvidenceLevel.MEASURED)

    def _get(self, ctx, path, read, **query):
        url = f"https://{ctx.settings['server']}/api/v1/{path}?{urlencode(query, doseq=True)}"
        answer = ctx.http.request("GET", url, headers={"Accept": "application/json"})
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if answer.status == 429:
            pause = headers.get("retry-after", "")
            raise RateLimited(T("The server asks for a pause."), int(pause) if pause.isdigit() else 300)
        if answer.status != 200:
            fault = Unavailable if answer.status >= 500 else FAULTS.get(answer.status, BadAnswer)
            raise fault(T("The server answered %(status)s.", status=answer.status))
        try:
            return read(json.loads(answer.body), headers)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise BadAnswer(T("The server's answer cannot be read.")) from None


class MastodonPostsPlugin(Plugin):
    name = "mastodon_posts"
    title = T("Mastodon posts")
    api_version = 1

    def check_settings(self, ctx):
        server = ctx.settings.get("server")
        return [("server", T("Enter a name like mastodon.social."))] if server and not HOST.fullmatch(server) else []

    @hookimpl
    def register_platforms(self):
        return [MastodonPosts]

    def kit(self):
        from samverk_mastodon_posts.server import Server

        return Kit(servers={"mastodon_posts": Server})


plugin = MastodonPostsPlugin()
