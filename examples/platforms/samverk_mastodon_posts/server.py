"""A Mastodon server in miniature, for the conformance kit."""

import json
from urllib.parse import parse_qs, urlsplit

from samverk import FakeServer, Response

DATE = "Mon, 02 Nov 2026 10:00:00 GMT"
AINO = {"id": "7", "acct": "aino", "display_name": "Aino", "url": "https://social.example/@aino"}


class Server(FakeServer):
    settings = {"server": "social.example"}
    account = "aino"
    posts = tuple(f"social.example/{number}" for number in (105, 104, 103, 102, 101))

    def answer(self, request):
        url = urlsplit(request.url)
        query = parse_qs(url.query)
        if url.path == "/api/v1/accounts/lookup":
            known = query["acct"] == [self.account]
            return say(200, AINO | {"followers_count": 1200, "statuses_count": 5}) if known else say(404, {})
        if url.path == "/api/v1/statuses":
            return say(200, [status(number) for number in query["id[]"] if f"social.example/{number}" in self.posts])
        numbers = [post.partition("/")[2] for post in self.posts]
        older = [number for number in numbers if int(number) < int(query.get("max_id", ["999"])[0])]
        link = {"Link": f'<https://social.example{url.path}?max_id={older[1]}>; rel="next"'} if len(older) > 2 else {}
        return say(200, [status(number) for number in older[:2]], link)


def status(number):
    counts = {"favourites_count": int(number) + 40, "reblogs_count": 9, "replies_count": 3}
    told = {"id": number, "url": f"https://social.example/@aino/{number}", "created_at": "2026-11-01T09:00:00.000Z"}
    return told | counts | {"content": "<p>Reklame | Nye sko &amp; ski</p>"}


def say(status, data, headers=None):
    return Response(status, {"Date": DATE, **(headers or {})}, json.dumps(data).encode())
