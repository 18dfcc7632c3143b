"""The composition root: the only file that knows the core and both faces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from core.instance import Instance


def make_app(instance: Instance) -> Flask:
    """The whole application over an instance."""
    import admin
    import portal
    from core.web.app import create_app

    return create_app(instance, [admin.register, portal.register])


def cli() -> None:
    """The console script `samverk`."""
    from core.cli.main import main

    main(make_app)


def __getattr__(name: str) -> Any:
    """Make `wsgi:app` when a server asks for it, from the environment's settings."""
    if name != "app":
        raise AttributeError(name)
    from core import private
    from core.instance import Instance
    from core.settings import load

    private.keep()
    instance = Instance(load())
    app = make_app(instance)
    instance.serve()
    globals()["app"] = app
    return app
