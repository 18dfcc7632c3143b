"""What upper rooms hear of a collaboration, inside its transaction."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OfferAgreed:
    """Both sides agreed; the contract waits for signatures and the budget is committed."""

    collaboration_id: int


@dataclass(frozen=True, slots=True)
class ContractSigned:
    """Both sides signed; work may begin."""

    collaboration_id: int


@dataclass(frozen=True, slots=True)
class CollaborationPaused:
    """Work waits; nothing is due meanwhile."""

    collaboration_id: int


@dataclass(frozen=True, slots=True)
class CollaborationResumed:
    """Work goes on."""

    collaboration_id: int


@dataclass(frozen=True, slots=True)
class CollaborationEnded:
    """Over after agreement; `how` is the final state. What was earned stays, the rest is released after this."""

    collaboration_id: int
    how: str


@dataclass(frozen=True, slots=True)
class MayComplete:
    """Question: does anything speak against completing the collaboration now?"""

    collaboration_id: int
