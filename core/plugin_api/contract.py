"""The parent of every contract: it refuses a method that almost has a contract's name."""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Iterable
from typing import Any, ClassVar

from core.plugin_api.deprecations import Deprecated, old_names
from core.plugin_api.text import Text

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class ContractError(TypeError):
    """A class that does not keep its contract; the message names the class and the fault."""


class Provider:
    """Something a plugin provides: stateless, made once at start, asked many times."""

    name: ClassVar[str]
    """What deals and settings refer to, so it never changes; small letters, digits, underscores."""
    title: ClassVar[Text]
    """What people read."""
    contract: ClassVar[type[Provider] | None] = None
    """The contract that the class keeps; filled in by itself."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse misspelt and outdated method names when the class is made, not when money moves."""
        super().__init_subclass__(**kwargs)
        if cls.contract is None:
            cls.contract = cls
            return
        used = take_old_names(cls, cls.contract.__name__)
        refuse_near_misses(cls, names_of(cls.contract) | used)

    def supports(self, method: str) -> bool:
        """Whether the plugin brings its own answer to an optional method of the contract."""
        return getattr(type(self), method) is not getattr(self.contract, method)


def names_of(contract: type) -> set[str]:
    """The public names of a contract: its methods and its declared attributes."""
    names = set(dir(contract)).union(*(vars(base).get("__annotations__", {}) for base in contract.__mro__))
    return {name for name in names if not name.startswith("_")}


def take_old_names(cls: type, contract: str) -> set[str]:
    """Let what `cls` has under old names answer to the new ones, with a warning; the old names come back.

    A name that this version has removed raises `ContractError`.
    """
    used = {old: row for old, row in old_names(contract).items() if old in vars(cls)}
    for old, row in used.items():
        if row.removed:
            raise ContractError(f"{cls.__name__}.{old} is outdated: it is called {row.new} now")
        told = f"{cls.__name__}.{old} is called {row.new} since Samverk {row.since}; {row.removed_in} removes it"
        warnings.warn_explicit(told, Deprecated, *_written(cls, old))
        if row.new not in vars(cls):
            setattr(cls, row.new, vars(cls)[old])
    return set(used)


def _written(cls: type, name: str) -> tuple[str, int]:
    """The file and line of a method, or of its class's module where it is no method."""
    code = getattr(vars(cls)[name], "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code else (cls.__module__, 1)


def refuse_near_misses(cls: type, known: Iterable[str]) -> None:
    """Raise `ContractError` for a public name of `cls` that is nearly a known one."""
    known = set(known)
    for name in vars(cls):
        if name.startswith("_") or name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        if near:
            raise ContractError(f"{cls.__name__}.{name} is not in the contract: {near[0]} was probably meant")
