"""Whether a model has changed its mind about what is booked or about its cap, and what keeping comes to then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from core.deals.evaluate import Evaluation, cap_of, evaluate
from core.deals.keeping import unit_of
from core.deals.lines import EarnedLine, basis_of
from core.earnings.incidents import Case, Lines
from core.money import Money
from core.plugin_api.composition import Component
from core.plugin_api.payment_models import Fact, PaymentModel, Scope, Settles, roots_of
from core.plugin_api.text import T, Text
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure

KEEP, ACCEPT = "keep", "accept"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """By component: why finance has to decide, why it cannot be judged, or what is kept without asking."""

    incidents: dict[str, Text] = field(default_factory=dict)
    unknown: dict[str, Text] = field(default_factory=dict)
    settled: dict[str, Lines] = field(default_factory=dict)


def judge(host: PluginHost, case: Case, found: Evaluation) -> Verdicts:
    """What each component's model says against the contract and against what it said before to the same facts."""
    verdicts = Verdicts()
    for component in case.deal.components:
        if component.id in found.held:
            continue
        model, memory = host.payment_models[component.model], case.memories.get(component.id)
        decided = memory.decided.get(model.version, "") if memory else ""
        then = _then(host, case, component, found)
        if failed := [hold.reason for hold in then.holds if hold.component == component.id and hold.fact is None]:
            verdicts.unknown[component.id] = failed[0]  # nothing is booked that could not be held to what was said
            continue
        moved = _moved(case, component.id, then)
        again = decided == KEEP and memory is not None and memory.version != model.version
        reasons = []
        if moved and (again or _same_sums(case, model, component.id, then, moved)):
            verdicts.settled[component.id] = _kept(case, model, component.id, then, moved)
        elif moved:
            reasons.append(_counts(host, case, component, then))
        if not decided and (beyond := _beyond(host, case, component)):
            reasons.append(beyond)
        if reasons:
            verdicts.incidents[component.id] = reasons[0] if len(reasons) == 1 else _both(*reasons)
    return verdicts


def kept_now(host: PluginHost, case: Case, component: Component) -> Lines:
    """What keeping comes to: what is booked of the old facts holds for what the model says of them now."""
    found = evaluate(host, [component], case.facts, case.planned)
    then = _then(host, case, component, found)
    return _kept(case, host.payment_models[component.model], component.id, then, _moved(case, component.id, then))


def _moved(case: Case, component_id: str, then: Evaluation) -> set[str]:
    """The fingerprints of old facts to which there is another answer."""
    now = then.answers.get(component_id, {})
    return {basis for basis, answer in case.answers(component_id).items() if now.get(basis, answer) != answer}


def _then(host: PluginHost, case: Case, component: Component, found: Evaluation) -> Evaluation:
    """What the model says now of the facts that were last counted, as far as they still stand."""
    model, memory = host.payment_models.get(component.model), case.memories.get(component.id)
    if model is not None and model.scope is Scope.FACT:
        return _before_corrections(host, case, component, found)
    if memory is None or memory.answers.keys() <= found.answers.get(component.id, {}).keys():
        return found
    known = set(memory.facts)
    return evaluate(host, [component], [fact for fact in case.facts if fact.key in known], case.planned)


def _before_corrections(host: PluginHost, case: Case, component: Component, found: Evaluation) -> Evaluation:
    """The answers with those to facts as they stood before a refund or a correction came."""
    answers = dict(found.answers.get(component.id, {}))
    missing = case.answers(component.id).keys() - answers.keys()
    if not missing:
        return found
    earlier = [fact for group in _earlier(case.facts) if basis_of(group) in missing for fact in group]
    told = evaluate(host, [component], earlier, case.planned)
    answers |= told.answers.get(component.id, {})
    return replace(
        found,
        claims={**found.claims, **told.claims},
        answers={**found.answers, component.id: answers},
        holds=(*found.holds, *told.holds),
    )


def _earlier(facts: Sequence[Fact]) -> Iterator[Sequence[Fact]]:
    """Each fact with those that correct it, without the last of them, without the last two, and so on."""
    groups: dict[str, list[Fact]] = defaultdict(list)
    roots = roots_of(facts)
    for fact in sorted(facts, key=lambda fact: (roots[fact.key] != fact.key, fact.at, fact.key)):
        groups[roots[fact.key]].append(fact)
    for group in groups.values():
        yield from (group[:count] for count in range(1, len(group)))


def _before(case: Case, model: PaymentModel, component_id: str, moved: set[str]) -> Lines:
    """What held of the facts in question, and what was claimed of them, when they were last counted."""
    memory = case.memories.get(component_id)
    if memory and memory.said:
        return {key: said for key, said in memory.said.items() if said[3] in moved}
    kept, roots = memory.kept if memory else {}, roots_of(case.facts)
    rows = [row for row in case.lasts(component_id) if row.basis in moved]
    lines: Lines = {}
    for one in case.nothings(component_id):
        lines |= one.said if one.basis in moved else {}
    for row in rows:
        fact = row.fact_key if model.scope is Scope.FACT else None
        minor, unit = case.booked[row.line_key].minor, unit_of(row.line_key, Settles(row.settles), roots, fact)
        lines[row.line_key] = [minor, kept[row.line_key][1] if row.line_key in kept else minor, unit, row.basis]
    units = {line[2]: line[3] for line in lines.values()}
    return lines | {
        key: [0, claimed, unit, units[unit]]
        for key, (_, claimed, unit, _) in kept.items()
        if unit in units and key not in lines
    }


def _claims(component_id: str, then: Evaluation, moved: set[str]) -> dict[str, EarnedLine]:
    return {k: line for k, line in then.claims.items() if line.component == component_id and line.basis in moved}


def _same_sums(case: Case, model: PaymentModel, component_id: str, then: Evaluation, moved: set[str]) -> bool:
    """Whether the other answers come to what was booked, or to what was claimed when finance decided."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for holds, claimed, unit, basis in _before(case, model, component_id, moved).values():
        place = sums[basis, unit.partition(":")[0]]
        place[0] += holds
        place[1] += claimed
    for line in _claims(component_id, then, moved).values():
        sums[line.basis, line.settles.value][2] += line.amount.minor
    return all(now in (held, claimed) for held, claimed, now in sums.values())


def _kept(case: Case, model: PaymentModel, component_id: str, then: Evaluation, moved: set[str]) -> Lines:
    """The lines to keep: of every unit in which a line differs, all, and what was kept of other units before."""
    memory, roots = case.memories.get(component_id), roots_of(case.facts)
    claims, before = _claims(component_id, then, moved), _before(case, model, component_id, moved)
    single = model.scope is Scope.FACT
    lines: Lines = {}
    for key in claims.keys() | before.keys():
        holds, _, unit, basis = before.get(key, [0, 0, "", ""])
        claimed = claims[key].amount.minor if key in claims else 0
        if key in claims:
            unit = unit_of(key, claims[key].settles, roots, claims[key].fact if single else None)
        lines[key] = [holds, claimed, unit, basis]
    said = {unit for _, claimed, unit, _ in lines.values() if claimed}
    for line in lines.values():
        line[3] = line[3] if single and line[2] not in said else ""
    differing = {unit for holds, claimed, unit, _ in lines.values() if holds != claimed}
    known = {unit for _, _, unit, _ in lines.values()}
    others = {key: one for key, one in memory.kept.items() if one[2] not in known} if memory else {}
    return others | {key: one for key, one in lines.items() if one[2] in differing}


def _counts(host: PluginHost, case: Case, component: Component, then: Evaluation) -> Text:
    model, known = host.payment_models[component.model], case.answers(component.id)
    rows = [one for one in case.booked.values() if one.last.component_id == component.id]
    counted = sum(line.amount.minor for line in _claims(component.id, then, set(known)).values())
    return T(
        "%(model)s counts %(counted)s by its version %(now)s for what was booked as %(booked)s by version %(before)s, "
        "though nothing new has happened. Nothing is booked until finance decides.",
        model=model.title,
        now=model.version,
        before=_counted_by(case, component),
        counted=Money(counted, component.terms.currency),
        booked=Money(sum(one.minor for one in rows), component.terms.currency),
    )


def _counted_by(case: Case, component: Component) -> str:
    """The version that counted last, as far as anything tells."""
    rows = {row.id: row.model_version for row in case.lasts(component.id)}
    told = [one.model_version for one in case.nothings(component.id)]
    return rows[max(rows)] if rows else next(iter(told), component.version)


def _beyond(host: PluginHost, case: Case, component: Component) -> Text | None:
    """What to say of a model whose cap is above the signed one."""
    signed, cap = case.pay.caps[component.id], cap_of(host, component, case.planned)
    if isinstance(cap, Failure) or cap <= signed:
        return None
    model = host.payment_models[component.model]
    return T(
        "%(model)s says at most %(cap)s by its version %(now)s, and the contract says at most %(signed)s. More than "
        "the contract says is never booked. Nothing is booked until finance decides.",
        model=model.title,
        cap=cap,
        now=model.version,
        signed=signed,
    )


def _both(one: Text, other: Text) -> Text:
    return T("%(one)s %(other)s", one=one, other=other)
