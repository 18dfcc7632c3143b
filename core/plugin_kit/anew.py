"""A plugin as another process has it: its modules imported once more, so that nothing is left of what they kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from core.plugin_api.contract import Provider
from core.plugin_host.loader import PROVIDERS, examine
from core.plugin_kit.checks import Subject

Provided = TypeVar("Provided", bound=Provider)


def anew(subject: Subject, item: Provided) -> Provided:
    """The provider as it is after a restart; of a plugin that is not imported by its name, a new object of its class.

    Nothing else changes: the modules that were there before are there again when this returns.
    """
    kind = next(kind for kind, contract in PROVIDERS.items() if isinstance(item, contract))
    with _forgotten(_root(type(subject.plugin).__module__)):
        found = examine(subject.candidate).provides.get(kind, {}).get(item.name)
    return type(item)() if found is None else found


def _root(module: str) -> str:
    """The package that a module is of, the outermost with a file of its own: above that others may stand."""
    above = module.rpartition(".")[0]
    return _root(above) if getattr(sys.modules.get(above), "__file__", None) else module


@contextmanager
def _forgotten(root: str) -> Iterator[None]:
    def own() -> list[str]:
        return [name for name in sys.modules if name == root or name.startswith(f"{root}.")]

    kept = {name: sys.modules.pop(name) for name in own()}
    try:
        yield
    finally:
        for name in own():
            del sys.modules[name]
        sys.modules.update(kept)
        above, _, name = root.rpartition(".")
        if above in sys.modules and root in kept:
            setattr(sys.modules[above], name, kept[root])
