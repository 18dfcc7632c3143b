"""What a rail answers of each order, held to what can be kept: a wrong answer costs its own order, and no other.

It may have been paid before the answer was spoilt, so what cannot be understood leaves an order in doubt.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core import typed
from core.payouts.told import told
from core.plugin_api.payout_rails import Accepted, Ambiguous, NeedsAction, Outcome, Refused
from core.plugin_api.text import T, Text

log = logging.getLogger("samverk.payouts")
WRONG = T("The way of payment answered something that cannot be understood.")


def sound(answer: Any) -> Any:
    """The outcomes by reference, each such as can be kept; what is no mapping at all is for the caller to refuse."""
    return {name: _sound(one) for name, one in answer.items()} if isinstance(answer, Mapping) else answer


def _sound(outcome: Any) -> Outcome:
    if isinstance(outcome, Accepted) and isinstance(outcome.rail_id, str) and typed.storable(outcome.rail_id):
        return outcome
    if isinstance(outcome, NeedsAction):
        name = outcome.file_name if isinstance(outcome.file_name, str) else None
        return replace(outcome, instruction=_kept(outcome.instruction), file_name=name)
    if isinstance(outcome, Refused | Ambiguous):
        return replace(outcome, reason=_kept(outcome.reason))
    log.warning("a rail's outcome of an order cannot be kept: %s", type(outcome).__name__)
    return Ambiguous(WRONG)


def _kept(words: object) -> Text:
    return Text.from_json(told(words))
