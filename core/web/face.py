"""A face: a blueprint whose every route says who may come in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for

from core.permissions import Permission, right
from core.web.request import actor, back

PUBLIC = "public"
View = Callable[..., Any]


class Face(Blueprint):
    """`get`, `post` and `form` register a view behind a permission, or `PUBLIC`."""

    def door(self, rule: str, permission: Permission | str, methods: list[str]) -> Callable[[View], View]:
        """Register a view; the anonymous are asked to sign in, the unentitled get a 403."""

        def register(view: View) -> View:
            guarded = view if permission == PUBLIC else guard(view, right(permission))
            guarded.permission = permission  # type: ignore[attr-defined]
            endpoint = view.__name__
            self.add_url_rule(rule, endpoint, guarded, methods=methods)
            return guarded

        return register

    def get(self, rule: str, permission: Permission | str) -> Callable[[View], View]:  # type: ignore[override]
        """A page that only reads."""
        return self.door(rule, permission, ["GET"])

    def post(self, rule: str, permission: Permission | str) -> Callable[[View], View]:  # type: ignore[override]
        """An action."""
        return self.door(rule, permission, ["POST"])

    def form(self, rule: str, permission: Permission | str) -> Callable[[View], View]:
        """A page with a form: GET shows it, POST takes it."""
        return self.door(rule, permission, ["GET", "POST"])


def guard(view: View, permission: Permission | str) -> View:
    """The view behind a permission: the anonymous are asked to sign in, the unentitled get a 403."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        who = actor()
        if who.person_id is None and request.headers.get("HX-Request"):
            abort(401)  # said within the page: what is typed there stays
        if who.person_id is None:
            target = request.full_path.rstrip("?") if request.method == "GET" else back()
            return redirect(url_for("lobby.sign_in", next=target), 303)
        if not who.may(permission):
            abort(403)
        return view(*args, **kwargs)

    return guarded
