"""What a rail sends: whole steps, from a smallest amount on. What is too small waits, the rest stays payable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.earnings.models import Earning
from core.money import Money
from core.payouts.details import needed
from core.payouts.due import Due
from core.payouts.models import Payout, PayoutMethod, PayoutRun
from core.payouts.ways import not_here
from core.plugin_api.payout_rails import PayoutRail
from core.plugin_api.text import T, Text
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure

DEFAULT, MANUAL = "manual", T("Manual transfer")
NO_ACCOUNT = T("No bank account yet: the influencer enters it in the portal.")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rail sends in one currency, in minor units; `fault` says why it sends nothing at all."""

    rail: str = DEFAULT
    title: Text = MANUAL
    step: int = 1
    minimum: int = 1
    fault: Text | None = None
    account: bool = True
    """Whether it pays to a bank account."""
    needs: frozenset[str] = frozenset()
    """What the rail must know of a payee besides the account."""
    let_in: Mapping[int, Text | None] | None = None
    """Of a rail that wants to know payees first, why it pays one not yet, None for who is let in; else None."""

    def lacks(self, method: PayoutMethod) -> Text | None:
        """Why a payee cannot be paid by the rail before they have told it more, None when it knows enough."""
        if self.account and not method.iban_cipher:
            return NO_ACCOUNT
        if not self.needs <= set(method.details_given.get(self.rail, ())):
            return (
                self.unknown
                if not self.account
                else T(
                    "%(rail)s asks for more than a bank account: the influencer enters it in the portal.",
                    rail=self.title,
                )
            )
        if self.let_in is None or method.influencer_id in self.let_in:
            return self.let_in[method.influencer_id] if self.let_in else None
        return being_asked(self.title)

    @property
    def unknown(self) -> Text:
        """Why it pays nobody of whom it knows nothing."""
        if self.account:
            return NO_ACCOUNT
        return T("The influencer has not entered yet what %(rail)s needs: they do it in the portal.", rail=self.title)

    def to_whom(self, method: PayoutMethod) -> Text | None:
        """Where a payee's money goes in place of a bank account, None where it goes to one."""
        shown = method.shown.get(self.rail)
        if self.account or not shown:
            return None if self.account else self.title
        return Text("%(rail)s · %(shown)s", {"rail": self.title, "shown": shown})

    def sends(self, amount: Money) -> Money:
        """The largest amount up to this one that the rail sends; zero when it is too small."""
        whole = amount.minor - amount.minor % self.step if amount.minor > 0 else 0
        return Money(whole if whole >= self.minimum and not self.fault else 0, amount.currency)

    def why_not(self, amount: Money) -> Text | None:
        """Why nothing of an amount above zero is sent now, None when some of it is."""
        if self.fault or self.sends(amount).minor:
            return self.fault
        least = Money(-(-max(self.minimum, self.step) // self.step) * self.step, amount.currency)
        return T(
            "%(amount)s is less than %(least)s, the smallest payment that %(rail)s sends. "
            "It is kept and paid together with what is earned next.",
            amount=amount,
            least=least,
            rail=self.title,
        )


def being_asked(rail: Text) -> Text:
    """Why a rail that wants to know payees first pays nobody of whom it was not asked yet."""
    return T("%(rail)s is being asked whether it can pay them. Look again in a few minutes.", rail=rail)


NO_LIMITS = Limits()
REST = "rest:"
"""What the keys of lines begin with that are no earning but the rest of a payment that was rounded down."""


def limits_of(host: PluginHost, name: str, currency: str, let_in: Mapping[int, Text | None] | None = None) -> Limits:
    """What a rail declares for a currency, asked behind its fence; `let_in` is what `onboarding.let_in` says."""
    rail = host.payout_rails.get(name)
    if rail is None:
        return Limits(name, host.name_of("payout_rails", name), fault=not_here(host, name))
    if rail.currencies is not None and currency not in rail.currencies:
        fault = T("%(rail)s does not send %(currency)s.", rail=rail.title, currency=currency)
        return Limits(name, rail.title, fault=fault)
    told = host.call(host.payout_rails.owners[name], _declared, rail, currency)
    if isinstance(told, Failure):
        return Limits(name, rail.title, fault=told.reason)
    return Limits(name, rail.title, *told, account=rail.needs_account, needs=needed(rail.payee_fields), let_in=let_in)


def _declared(rail: PayoutRail, currency: str) -> tuple[int, int]:
    step, minimum = rail.step(currency), rail.minimum(currency)
    if step < 1 or minimum.currency != currency:
        raise ValueError(f"step {step}, minimum {minimum}")
    return step, max(minimum.minor, 1)


def rails_of(session: Session, brand_ids: Sequence[int]) -> dict[int, str]:
    """By brand, the rail of its newest run; brands without a run are left out."""
    newest = select(func.max(PayoutRun.id)).where(PayoutRun.brand_id.in_(brand_ids)).group_by(PayoutRun.brand_id)
    rows = session.execute(select(PayoutRun.brand_id, PayoutRun.rail).where(PayoutRun.id.in_(newest)))
    return {brand_id: rail for brand_id, rail in rows}  # noqa: C416 - rows are not pairs to the type checker


def keep_rest(session: Session, payout: Payout, rows: Sequence[Due], rest: Money, limits: Limits) -> list[Due]:
    """Take a rest out of a payout to the cent: rows for it below zero, and their mirror, payable, beside them.

    No earning is edited and the books owe what they owed; the pair of each collaboration sums to zero.
    """
    sums: dict[int, list[Due]] = defaultdict(list)
    for row in rows:
        sums[row.collaboration_id].append(row)
    left, taken = rest.minor, []
    for mine in sorted(sums.values(), key=lambda mine: -sum(row.minor for row in mine)):
        part = min(left, max(sum(row.minor for row in mine), 0))
        if part:
            taken.append(_pair(session, payout, max(mine, key=lambda row: row.minor), part, limits))
        left -= part
    session.flush()
    return [
        Due(out.id, like.influencer_id, like.collaboration_id, out.component_id, out.kind, out.amount_minor,
            out.currency, out.due_on)
        for out, like in taken
    ]  # fmt: skip


def _pair(session: Session, payout: Payout, like: Due, part: int, limits: Limits) -> tuple[Earning, Due]:
    source = session.get_one(Earning, like.earning_id)
    step = Money(limits.step, source.currency)
    words = T("%(rail)s sends multiples of %(step)s: the rest is paid next time.", rail=limits.title, step=step)
    later = T("The rest of a payment that was rounded down.")
    out, stays = (
        Earning(
            brand_id=source.brand_id,
            collaboration_id=source.collaboration_id,
            component_id=source.component_id,
            line_key=f"{REST}{payout.public_id}",
            sequence=number,
            kind=source.kind,
            amount_minor=minor,
            currency=source.currency,
            settles=source.settles,
            state=state,
            reason=reason.to_json(),
            model_version=source.model_version,
            due_on=source.due_on,
            earned_at=source.earned_at,
        )
        for number, minor, state, reason in ((1, -part, "in_payout", words), (2, part, "payable", later))
    )
    session.add_all([out, stays])
    return out, like
