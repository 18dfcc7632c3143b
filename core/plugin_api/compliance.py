"""What a compliance pack is made of: dated, sourced rules in; findings out. Pure data, no clock, no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from core.money import Money
from core.plugin_api.compliance_facts import Brand, ContentContext, Contract, Deal, Shown
from core.plugin_api.compliance_file import hold_to_schema, read_pack
from core.plugin_api.text import Text

__all__ = [
    "Basis",
    "Blocks",
    "Brand",
    "CompliancePack",
    "ComplianceRule",
    "Confidence",
    "ContentContext",
    "Contract",
    "ContractClause",
    "Deal",
    "DealContext",
    "Finding",
    "Label",
    "Rule",
    "Shown",
    "Source",
    "Verdict",
]


class Verdict(StrEnum):
    """What a rule thinks of a publication, from best to worst."""

    OK = "ok"
    NEEDS_REVIEW = "needs_review"
    VIOLATION = "violation"

    @property
    def rank(self) -> int:
        """0 for the best; a bigger number is worse."""
        return list(Verdict).index(self)

    def worst(self, *others: Verdict) -> Verdict:
        """The worst of this verdict and the others."""
        return max((self, *others), key=lambda verdict: verdict.rank)

    def at_most(self, cap: Verdict) -> Verdict:
        """This verdict, but no worse than `cap`."""
        return min(self, cap, key=lambda verdict: verdict.rank)


class Basis(StrEnum):
    """What kind of text a rule rests on."""

    STATUTE = "statute"
    COURT = "court"
    REGULATOR_GUIDANCE = "regulator_guidance"
    SELF_REGULATION = "self_regulation"
    PRACTICE = "practice"


class Confidence(StrEnum):
    """How well the rule is known: read at the authority, in a secondary text, or only remembered."""

    OFFICIAL = "official"
    SECONDARY = "secondary"
    GENERAL = "general"


class Blocks(StrEnum):
    """Whether a finding holds up a publication."""

    NEVER = "never"
    IF_CHOSEN = "if_chosen"  # a violation of a trade code: the brand decides whether it binds itself
    BY_DEFAULT = "by_default"
    UNTIL_WAIVED = "until_waived"  # could not be checked: a person has to take it on


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule was read."""

    title: str
    url: str
    seen_copy: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says about one publication."""

    rule_id: str
    rule_version: str
    jurisdiction: str
    verdict: Verdict
    blocks: Blocks
    message: Text
    fix: Text | None
    basis: Basis
    confidence: Confidence
    source: Source
    valid_from: date | None = None

    def holds_up(self, *, own_codes_bind: bool = False) -> bool:
        """True if the publication has to wait; `own_codes_bind` is the brand's choice about trade codes."""
        return self.blocks in (Blocks.BY_DEFAULT, Blocks.UNTIL_WAIVED) or (
            own_codes_bind and self.blocks is Blocks.IF_CHOSEN
        )


@dataclass(frozen=True, slots=True)
class Label:
    """One exact label for one market: what to write, where, and which rule says so."""

    market: str
    language: str
    text: str
    place: Text
    rule_id: str
    source: Source
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class DealContext:
    """What is agreed, as far as rules about contracts ask for it."""

    markets: tuple[str, ...]
    brands: tuple[str, ...]
    compensation: tuple[str, ...]
    signed_on: date
    brand_seat: str | None = None
    residence: str | None = None
    value: Money | None = None
    language: str = "en"


@dataclass(frozen=True, slots=True)
class ContractClause:
    """A clause that a rule asks a contract to have."""

    key: str
    title: Text
    body: Text
    required: bool
    rule_id: str
    rule_version: str
    jurisdiction: str
    source: Source


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a pack. `data` holds what its kind needs; `when` is a closed vocabulary, never code."""

    id: str
    kind: str
    title: Text
    basis: Basis
    confidence: Confidence
    source: Source
    valid_from: str | None = None
    valid_to: str | None = None
    verdict: Verdict = Verdict.VIOLATION
    when: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    message: Text | None = None
    fix: Text | None = None


class ComplianceRule:
    """A rule that needs code. Subclass, set `id` and `source`, and answer `check`; keep it pure."""

    id: ClassVar[str]
    title: ClassVar[Text]
    source: ClassVar[Source]
    basis: ClassVar[Basis] = Basis.REGULATOR_GUIDANCE
    confidence: ClassVar[Confidence] = Confidence.SECONDARY

    def check(self, context: ContentContext) -> Sequence[Finding]:
        """Findings about this publication; an empty sequence when the rule has nothing to say."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class CompliancePack:
    """The rules of one jurisdiction, as one plugin brings them."""

    id: str
    jurisdiction: str
    version: str
    reviewed_on: date
    title: Text
    rules: tuple[Rule, ...]
    parents: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    connectors: frozenset[str] = frozenset()
    code: tuple[ComplianceRule, ...] = ()

    @classmethod
    def load(
        cls, path: Path, *, domain: str = "messages", code: Sequence[ComplianceRule] = (), checked: bool = False
    ) -> CompliancePack:
        """The pack in a YAML file; one that says what core does not know raises `ContractError` with rule and field.

        `domain` is where its words are translated: the plugin's name where it ships catalogues. `checked` says that
        tests hold the file to the schema already, which saves the time at start.
        """
        return cls.from_data(read_pack(path), name=path.name, domain=domain, code=code, checked=checked)

    @classmethod
    def from_data(
        cls,
        data: Mapping[str, Any],
        *,
        name: str = "the pack",
        domain: str = "messages",
        code: Sequence[ComplianceRule] = (),
        checked: bool = False,
    ) -> CompliancePack:
        """The pack that such a file holds, named `name` in what is wrong with it; the rest is as for `load`."""
        if not checked:
            hold_to_schema(name, data)
        head = data["pack"]
        return cls(
            id=head["id"],
            jurisdiction=head["jurisdiction"],
            version=str(head["version"]),
            reviewed_on=_day(head["reviewed_on"]),
            title=Text(head["title"], domain=domain),
            rules=tuple(_rule(row, domain) for row in data["rules"]),
            parents=tuple(head.get("parents", ())),
            languages=tuple(head.get("languages", ())),
            connectors=frozenset(head.get("connectors", ())),
            code=tuple(code),
        )


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


_OWN_FIELDS = {rule_field.name for rule_field in fields(Rule)}


def _rule(row: Mapping[str, Any], domain: str) -> Rule:
    def said(key: str) -> Text | None:
        return Text(row[key], domain=domain) if key in row else None

    def day(key: str) -> str | None:
        return str(row[key]) if row.get(key) else None

    return Rule(
        id=row["id"],
        kind=row["kind"],
        title=Text(row["title"], domain=domain),
        basis=Basis(row["basis"]),
        confidence=Confidence(row["confidence"]),
        source=Source(**row["source"]),
        valid_from=day("valid_from"),
        valid_to=day("valid_to"),
        verdict=Verdict(row.get("verdict", "violation")),
        when=row.get("when", {}),
        data={key: value for key, value in row.items() if key not in _OWN_FIELDS},
        message=said("message"),
        fix=said("fix"),
    )
