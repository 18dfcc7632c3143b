"""The examples of docs/payment-models.md, computed."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.deals.evaluate import evaluate
from core.plugin_api.payment_models import FACTS
from core.plugin_host.host import PluginHost
from samverk import Deal, EvidenceLevel, Fact, Money

PAGE = (Path(__file__).parents[2] / "docs" / "payment-models.md").read_text("utf-8")
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.S)]
HOST = PluginHost.load(safe_mode=True)
KINDS = {kind.__name__: kind for kind in FACTS}


def fact(number: int, told: dict[str, Any]) -> Fact:
    """A fact as the page writes it; facts happen in its order."""
    values = {key: value for key, value in told.items() if key != "kind"}
    for key in ("start", "end", "month_start", "month_end"):
        if key in values:
            values[key] = date.fromisoformat(values[key])
    if "amount" in values:
        values["amount"] = Money(values["amount"], "EUR")
    if "evidence" in values:
        values["evidence"] = EvidenceLevel[values["evidence"]]
    at = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(minutes=number)
    return KINDS[told["kind"]](key=f"f{number}", at=at, **values)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["says"])
def test_the_page_computes_right(example: dict[str, Any]) -> None:
    deal = Deal.from_json(example["deal"])
    facts = [fact(number, told) for number, told in enumerate(example["facts"])]
    assert [line.amount.minor for line in evaluate(HOST, deal, facts).lines] == example["pays"]


def test_every_model_of_the_box_is_told() -> None:
    told = {row.split("|")[1].strip() for row in PAGE.split("## Retainer")[0].splitlines() if row.startswith("| ")}
    titles = {str(model.title).lower() for model in HOST.payment_models.values()}
    assert titles <= told
    assert {part["model"] for example in EXAMPLES for part in example["deal"] if "model" in part} >= {
        "retainer",
        "performance",
        "advance",
    }
