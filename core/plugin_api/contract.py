"""The parent of every contract: it refuses a method that almost has a contract's name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from core.plugin_api.text import Text

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class ContractError(TypeError):
    """A class that does not keep its contract; the message names the class and the fault."""


class Provider:
    """Something a plugin provides: stateless, made once at start, asked many times.

    `name` is what deals and settings refer to, so it never changes; `title` is what people read.
    """

    name: ClassVar[str]
    title: ClassVar[Text]
    contract: ClassVar[type[Provider] | None] = None
    renamed: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse misspelt and outdated method names when the class is made, not when money moves."""
        super().__init_subclass__(**kwargs)
        if cls.contract is None:
            cls.contract = cls
            return
        refuse_near_misses(cls, names_of(cls.contract), cls.renamed)

    def supports(self, method: str) -> bool:
        """Whether the plugin brings its own answer to an optional method of the contract."""
        return getattr(type(self), method) is not getattr(self.contract, method)


def names_of(contract: type) -> set[str]:
    """The public names of a contract: its methods and its declared attributes."""
    names = set(dir(contract)).union(*(vars(base).get("__annotations__", {}) for base in contract.__mro__))
    return {name for name in names if not name.startswith("_")}


def refuse_near_misses(cls: type, known: Iterable[str], renamed: Mapping[str, str]) -> None:
    """Raise `ContractError` for a public name of `cls` that is outdated or nearly a known one."""
    known = set(known)
    for name in vars(cls):
        if name.startswith("_") or name in known:
            continue
        if name in renamed:
            raise ContractError(f"{cls.__name__}.{name} is outdated: it is called {renamed[name]} now")
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        if near:
            raise ContractError(f"{cls.__name__}.{name} is not in the contract: {near[0]} was probably meant")
