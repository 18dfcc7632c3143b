"""Lets pybabel find the messages in packs: `yaml_pack = core.compliance.extract:extract_pack`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

import yaml

TRANSLATED = ("title", "message", "fix")
Found = tuple[int, None, str, list[str]]


def extract_pack(
    fileobj: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[Found]:
    """Every title, message and fix of a pack, with its line; a file that is no pack yields nothing."""
    root = yaml.compose(fileobj.read().decode("utf-8"))
    parts = _mapping(root)
    yield from _texts(parts.get("pack"))
    rules = parts.get("rules")
    for rule in rules.value if isinstance(rules, yaml.SequenceNode) else ():
        yield from _texts(rule)


def _mapping(node: yaml.Node | None) -> dict[str, yaml.Node]:
    return {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def _texts(node: yaml.Node | None) -> Iterator[Found]:
    for key, value in _mapping(node).items():
        if key in TRANSLATED and isinstance(value, yaml.ScalarNode):
            yield value.start_mark.line + 1, None, value.value, []
