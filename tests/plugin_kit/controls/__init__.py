"""For every check plugins that break this promise and no other: good ones with a word changed."""

from __future__ import annotations

from tests.plugin_kit.bench import Changes
from tests.plugin_kit.controls import feeds, models, packs, pages, rails

CONTROLS: list[tuple[str, str, Changes]] = [
    (check, name, changes)
    for part in (models, pages, rails, feeds, packs)
    for name, found in part.CONTROLS.items()
    for check, changes in found
]
