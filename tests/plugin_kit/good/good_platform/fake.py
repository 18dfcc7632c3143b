"""The platform in miniature: three posts on two pages."""

import json
from urllib.parse import parse_qs, urlsplit

from samverk import FakeServer, Response


class FakePlat(FakeServer):
    secrets = {"token": "tok-77d0a3be"}
    account = "ada"
    posts = ("p1", "p2", "p3")

    def __init__(self):
        self.known = {"ada"}

    def answer(self, request):
        if request.headers.get("Authorization") != f"Bearer {self.secrets['token']}":
            return Response(401, {}, b"{}")
        url = urlsplit(request.url)
        parts, query = url.path.strip("/").split("/"), parse_qs(url.query)
        if request.method == "DELETE":
            self.known.discard(parts[1])
            return Response(204, {}, b"")
        told = self._told(parts, query)
        return Response(200, {}, json.dumps(told).encode())

    def _told(self, parts, query):
        if parts[0] == "metrics":
            ids = query["ids"][0].split(",")
            return {"posts": [{"id": post, "counts": {"views": 100, "likes": 7}} for post in ids]}
        if parts[0] == "posts":
            return {"id": parts[1], "ad": True}
        if parts[-1] == "posts":
            start = int(query.get("after", ["0"])[0])
            page = [{"id": post, "url": f"https://plat.test/p/{post}"} for post in self.posts[start : start + 2]]
            return {"posts": page, "next": str(start + 2) if start + 2 < len(self.posts) else None}
        return {"id": "1", "handle": parts[1], "followers": 1200, "verified": True}

    def keeps(self, person):
        return person in self.known
