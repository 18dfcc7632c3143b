"""Any life that the postings can lead keeps the books whole, and agrees with a model in plain Python."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from core.errors import Refused
from core.ledger import accounts as plan
from core.ledger import postings, queries, service
from core.ledger.postings import Voucher
from core.ledger.verify import verify
from core.money import Money
from tests.databases import HAVSRO, lower_floor

COLLABS = st.integers(1, 2)
AMOUNTS = st.builds(Money, st.integers(1, 500), st.sampled_from(["EUR", "ISK", "KWD"]))


class Life(RuleBasedStateMachine):
    """Earn, release, claw back, pay, fail, settle, repeat, reverse, in any order."""

    done: Bundle[tuple[str, Voucher, dict[str, object]]] = Bundle("done")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.database = self.stack.enter_context(lower_floor(folder))
        self.session = self.database.session(write=True)
        self.count = 0
        self.cost: Counter[str] = Counter()  # what was earned and not taken back
        self.moving: dict[int, dict[int, Money]] = {}

    def teardown(self) -> None:
        """Throw the database away."""
        self.session.close()
        self.stack.close()

    def attempt(self, verb: str, **kwargs: object) -> tuple[str, Voucher, dict[str, object]] | None:
        self.count += 1
        voucher = Voucher(
            HAVSRO, f"{verb}:{self.count}", ("test", self.count), date(2026, 1, 1) + timedelta(self.count)
        )
        before = self.balances()
        try:
            getattr(postings, verb)(self.session, voucher, **kwargs)
        except Refused:
            assert self.balances() == before, "what is refused changes nothing"
            return None
        return verb, voucher, kwargs

    def balances(self) -> dict[tuple[str, str], Money]:
        codes = [f(n) for f in (plan.pending, plan.payable, plan.advance) for n in (1, 2)]
        codes += [plan.in_transit(n) for n in range(1, self.count + 1)]
        return {k: v for k, v in queries.balances(self.session, HAVSRO, [*codes, plan.cost(1)]).items() if v}

    @initialize()
    def open(self) -> None:
        """Start with something earned, so that rules have what to work on."""
        self.accrue(1, Money(400, "EUR"))
        self.release_hold(1, Money(300, "EUR"))

    @rule(target=done, collab=COLLABS, amount=AMOUNTS)
    def accrue(self, collab: int, amount: Money) -> object:
        """Something is earned."""
        self.cost[amount.currency] += amount.minor
        return self.attempt("accrue", campaign_id=1, collab_id=collab, amount=amount)

    @rule(target=done, collab=COLLABS, amount=AMOUNTS)
    def release_hold(self, collab: int, amount: Money) -> object:
        """A hold ends."""
        return self.attempt("release_hold", collab_id=collab, amount=amount)

    @rule(target=done, collab=COLLABS, amount=AMOUNTS, held=st.booleans())
    def claw_back(self, collab: int, amount: Money, held: bool) -> object:
        """Something is taken back."""
        made = self.attempt("claw_back", campaign_id=1, collab_id=collab, amount=amount, held=held)
        if made:
            self.cost[amount.currency] -= amount.minor
        return made

    @rule(target=done, collab=COLLABS, amount=AMOUNTS)
    def start_payout(self, collab: int, amount: Money) -> object:
        """A payout starts."""
        payout = self.count + 1
        made = self.attempt("start_payout", payout_id=payout, items={collab: amount})
        if made:
            self.moving[payout] = {collab: amount}
        return made

    @rule(target=done, data=st.data(), arrives=st.booleans())
    def end_payout(self, data: st.DataObject, arrives: bool) -> object:
        """A payout that moves arrives or fails."""
        if not self.moving:
            return None
        payout = data.draw(st.sampled_from(sorted(self.moving)))
        items = self.moving.pop(payout)
        if not arrives:
            return self.attempt("fail_payout", payout_id=payout, items=items)
        (amount,) = items.values()
        return self.attempt("settle_payout", payout_id=payout, rail="manual", amount=amount)

    @rule(again=done)
    def repeat(self, again: tuple[str, Voucher, dict[str, object]] | None) -> None:
        """What was done is asked for again, and nothing happens."""
        if again is None:
            return
        verb, voucher, kwargs = again
        before = self.balances()
        getattr(postings, verb)(self.session, voucher, **kwargs)
        assert self.balances() == before

    @rule(amount=AMOUNTS)
    def book_and_reverse(self, amount: Money) -> None:
        """A mistake and its correction leave no trace in the balances."""
        before = self.balances()
        self.count += 1
        voucher = Voucher(HAVSRO, f"slip:{self.count}", ("test", self.count), date(2026, 1, 1))
        tx = postings.accrue(self.session, voucher, campaign_id=1, collab_id=1, amount=amount)
        service.reverse(
            self.session, brand_id=HAVSRO, tx_id=tx.id, key=f"back:{self.count}", effective_on=voucher.on, by=None
        )
        assert self.balances() == before

    @invariant()
    def books_are_whole(self) -> None:
        """Every promise holds, nothing is owed both ways, and the cost is what was earned less what was taken back."""
        assert verify(self.session).findings == ()
        owed = self.balances()
        for code, currency in owed:
            assert not (code.endswith("payable") and (code.replace("payable", "advance"), currency) in owed)
        booked = {c: m.minor for c, m in queries.totals(self.session, HAVSRO, "cost").items() if m}
        assert booked == {c: minor for c, minor in self.cost.items() if minor}


Life.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
TestLife = Life.TestCase
