"""Public numbers of posts on Mastodon and the servers that speak its API."""

import json
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import unescape
from urllib.parse import urlencode, urlsplit

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
        found, _ = self._get(ctx, "accounts/lookup", dict, acct=account)
        names = found.get("acct", account), found.get("display_name", ""), found.get("url", "")
        return Profile(account, *names, found.get("followers_count"), found.get("statuses_count"))

    def posts(self, ctx, account, cursor=None):
        here = f"{ctx.settings['server']}/"
        owner, _ = self._get(ctx, "accounts/lookup", dict, acct=account)
        older = {"max_id": cursor} if cursor else {}
        found, headers = self._get(ctx, f"accounts/{owner['id']}/statuses", list, exclude_reblogs="true", **older)
        more = NEXT.search(headers.get("link", ""))
        return Page([self._post(here, row) for row in found], more and more[1])

    def metrics(self, ctx, posts):
        here, readings = f"{ctx.settings['server']}/", []
        mine = [post.removeprefix(here) for post in posts if post.startswith(here)]
        for start in range(0, len(mine), AT_ONCE):
            found, headers = self._get(ctx, "statuses", list, **{"id[]": mine[start : start + AT_ONCE]})
            at = parsedate_to_datetime(headers["date"])
            for row in found:
                told = {name: row[key] for key, name in COUNTS.items() if row.get(key) is not None}
                readings.append(Metrics(here + row["id"], at, told, EvidenceLevel.MEASURED))
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

    def _get(self, ctx, path, kind, **query):
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
            found = json.loads(answer.body)
        except ValueError:
            found = None
        if not isinstance(found, kind):
            raise BadAnswer(T("The server's answer cannot be read."))
        return found, headers


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
