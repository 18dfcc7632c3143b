"""Records that plugins hand over are refused when they are made, if something in them is not of its declared type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Fits = Callable[[Any], bool]


class Unfit(TypeError):
    """A field was given what it does not take. The message names field and types, never what is in it."""

    def __init__(self, field: str, takes: str, got: Any) -> None:
        """Keep the three; `got` is for whoever tries plugins, not for a log."""
        super().__init__(f"{field} takes {takes}, not {_type_of(got)}")
        self.field = field
        self.takes = takes
        self.got = got


class Held:
    """The parent of such records: each field is held to its annotation, and a moment to a time zone of its own.

    A whole number is an `int` and no `bool`. What does not fit raises `Unfit`, a `TypeError`.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        """Refuse the first field that does not fit."""
        kind: Any = type(self)
        for name, fits, takes in _fields(kind):
            value = getattr(self, name)
            if not fits(value):
                raise Unfit(f"{type(self).__name__}.{name}", takes, value)


@cache
def _fields(kind: type[Any]) -> tuple[tuple[str, Fits, str], ...]:
    hints = get_type_hints(kind)
    return tuple((one.name, _fits(hints[one.name]), _takes(hints[one.name])) for one in fields(kind))


def _fits(hint: Any) -> Fits:
    """Whether a value is of a type, in so much of Python's types as the contract uses."""
    origin, inner = get_origin(hint), [_fits(one) for one in get_args(hint) if one is not Ellipsis]
    if hint is Any or isinstance(hint, TypeVar):
        return lambda value: True
    if origin in (Union, UnionType):
        return lambda value: any(one(value) for one in inner)
    if origin is Mapping:
        key, of = inner
        return lambda value: isinstance(value, Mapping) and all(key(k) and of(v) for k, v in value.items())
    if origin in (Sequence, tuple):
        each = inner[0]
        return lambda value: _is_list(value) and all(map(each, value))
    if hint is int:
        return lambda value: type(value) is int
    if hint is datetime:
        return lambda value: isinstance(value, datetime) and value.tzinfo is not None
    return lambda value: isinstance(value, hint)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


WORDS: Mapping[Any, str] = {
    str: "a text",
    int: "a whole number",
    bool: "True or False",
    bytes: "bytes",
    datetime: "a moment with a time zone",
    NoneType: "None",
}


def _takes(hint: Any) -> str:
    origin, inner = get_origin(hint), [one for one in get_args(hint) if one is not Ellipsis]
    if origin in (Union, UnionType):
        return " or ".join(map(_takes, inner))
    if origin is Mapping:
        return f"{_takes(inner[1])} for each name"
    if origin in (Sequence, tuple):
        return "a list" if isinstance(inner[0], TypeVar) else f"a list, each of it {_takes(inner[0])}"
    return WORDS.get(hint) or str(getattr(hint, "__name__", hint))


def _type_of(value: Any) -> str:
    if isinstance(value, datetime):
        return "a moment without one"
    inside = value.values() if isinstance(value, Mapping) else value if _is_list(value) else ()
    of = sorted({type(one).__name__ for one in inside})
    return type(value).__name__ + (f" of {', '.join(of)}" if of else "")
