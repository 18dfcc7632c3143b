"""The file of a pack held to its schema: a fault is told with its rule, its field, and all that may stand there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from core.plugin_api.contract import ContractError

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator


TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a block of fields",
    "null": "null",
}
"""What JSON Schema's types are called in words."""
OWN_WORDS = frozenset({"message", "fix"})
CORE_SAYS_IT = "core has its own words for what such a rule finds; leave message and fix out"


@cache
def pack_schema() -> Mapping[str, Any]:
    """The language of packs as JSON Schema, with two words of its own, `among` and `placeholders`."""
    loaded: Mapping[str, Any] = json.loads(Path(__file__).with_name("compliance_pack.schema.json").read_text("utf-8"))
    return loaded


_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DAYS = "tag:yaml.org,2002:timestamp"
_WRITTEN = {at: [one for one in all_ if one[0] != _DAYS] for at, all_ in _SAFE.yaml_implicit_resolvers.items()}
_LOADER: Any = type("_Loader", (_SAFE,), {"yaml_implicit_resolvers": _WRITTEN})
"""Leaves days as they are written, so that the schema can say which rule has one that does not exist."""


def read_pack(path: Path) -> Any:
    """What a file says, unchecked; one that is no YAML raises `ContractError` with the line. It is only to be read."""
    return _parsed(path.name, path.read_bytes())


@lru_cache(maxsize=16)
def _parsed(name: str, text: bytes) -> Any:
    """Kept, for a process may load its plugins more than once, as the commands that try one beside all others do."""
    try:
        return yaml.load(text, _LOADER)  # noqa: S506 - it is the safe loader
    except yaml.YAMLError as error:
        raise ContractError(f"{name}: {error}") from None


def hold_to_schema(name: str, data: Any) -> None:
    """Raise `ContractError` for the first fault of a pack; `name` is its file. Unknown fields are told last."""
    plain = _as_json(data)
    faults = sorted(_checker().iter_errors(plain), key=lambda fault: fault.validator == "unevaluatedProperties")
    if faults:
        raise ContractError(f"{name}: {_place(plain, [*faults[0].absolute_path])}: {_told(faults[0])}")


@cache
def _checker() -> Validator:
    from jsonschema import Draft202012Validator, FormatChecker, validators  # slow to import, and needed only here

    formats = FormatChecker(formats=())
    formats.checks("day", ValueError)(_is_day)
    words = {"among": _among, "placeholders": _placeholders}
    extend: Any = validators.extend  # untyped
    made: Validator = extend(Draft202012Validator, words)(pack_schema(), format_checker=formats)
    return made


def _is_day(value: object) -> bool:
    """Whether a day, a month or a year exists; the pattern has seen to its shape."""
    return value is None or bool(date.fromisoformat((f"{value}-01-01")[:10]))


def _among(_validator: Any, allowed: list[str], instance: Any, _schema: Any) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    values = instance if isinstance(instance, list) else [instance]
    yield from (ValidationError(_unknown([value], allowed)) for value in values if value not in allowed)


def _placeholders(_validator: Any, filled: list[str], instance: Any, _schema: Any) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    from core.catalogues import placeholders

    for name in sorted(placeholders(instance) if isinstance(instance, str) else ()):
        if name == "%":
            yield ValidationError(f"a percent sign is written twice, %%, in {instance!r}")
        elif name not in filled:
            known = ", ".join(f"%({one})s" for one in filled)
            yield ValidationError(f"nothing is filled in for %({name})s here, only for {known}")


def _told(fault: Any) -> str:
    given = fault.instance
    match fault.validator:
        case "enum":
            return _unknown([given], fault.validator_value)
        case "additionalProperties":
            return _unknown(given.keys() - fault.schema["properties"].keys(), fault.schema["properties"])
        case "unevaluatedProperties":
            unknown = given.keys() - set(fields_of(given["kind"]))
            return _unknown(unknown, fields_of(given["kind"])) if unknown - OWN_WORDS else CORE_SAYS_IT
        case "format":
            return f"there is no day {given!r}"
        case None:  # the schema says false of the field
            return CORE_SAYS_IT
        case "among" | "placeholders":
            return str(fault.message)
        case "pattern":
            return f"{given!r} is not {fault.schema['description']}"
        case "required":
            return f"{', '.join(name for name in fault.validator_value if name not in given)} is missing"
        case "type":
            wanted = [fault.validator_value] if isinstance(fault.validator_value, str) else fault.validator_value
            return f"{repr(given)[:80]} is not {' or '.join(map(TYPES.__getitem__, wanted))}"
        case "minLength" | "minItems" | "minProperties":
            return "it is empty"
    return str(fault.message)[:300]  # it may quote the whole rule


def fields_of(kind: str) -> tuple[str, ...]:
    """The fields that a rule of a kind may have."""
    schemas = pack_schema()["$defs"]
    return (*schemas["rule"]["properties"], *(schemas["kinds"][kind]["properties"].keys() - {"when"}))


def _unknown(values: Iterable[Any], allowed: Iterable[str]) -> str:
    return f"{', '.join(repr(one) for one in sorted(values, key=str))} is not known, only {', '.join(allowed)}"


def _place(data: Any, path: list[str | int]) -> str:
    """Where a fault is, as its author would look for it: by the rule's number from 1 and its id."""
    if path[:1] == ["rules"] and len(path) > 1:
        rule, number = data["rules"][path[1]], int(path[1]) + 1
        name = f"rule {number} ({rule.get('id')})" if isinstance(rule, dict) else f"rule {number}"
        return ", ".join([name, *(["/".join(map(str, path[2:]))] if path[2:] else [])])
    return "/".join(map(str, path)) or "the file"


def _as_json(value: Any) -> Any:
    """YAML's own dates as text, so that a schema can read them."""
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
