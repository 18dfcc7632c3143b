"""When a connector is asked again, whatever it said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.feeds.faults import FINAL, NAMES, Fault, after, fault_of
from core.plugin_api import context
from samverk import AuthExpired, ConnectorError, RateLimited, T

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EVERY = timedelta(minutes=15)
SOON, LATE = timedelta(minutes=1), timedelta(hours=24)
WORDS = T("The shop is closed.")
faults = st.builds(
    Fault,
    st.sampled_from([*NAMES, "failed"]),
    st.just(WORDS),
    st.integers(-(10**6), 10**7).map(lambda seconds: timedelta(seconds=seconds)),
)


@given(fault=st.none() | faults, failures=st.integers(0, 10**6))
def test_it_is_asked_again_within_a_day_and_not_at_once_or_not_before_a_person_came(
    fault: Fault | None, failures: int
) -> None:
    at = after(EVERY, failures, fault, NOW)
    if fault is not None and fault.kind in FINAL:
        assert at is None
        return
    assert at is not None and NOW + SOON <= at <= NOW + LATE
    if fault is None:
        assert at == NOW + EVERY
    elif fault.kind == "RateLimited":
        assert at >= NOW + min(fault.retry_after, LATE)
    else:
        more = after(EVERY, failures + 1, fault, NOW)
        assert more is not None and at <= more <= NOW + timedelta(hours=6)


def test_the_pause_doubles_from_five_minutes_to_six_hours() -> None:
    told = [after(EVERY, failures, Fault("Unavailable", WORDS), NOW) for failures in range(1, 10)]
    minutes = [(at - NOW).total_seconds() / 60 for at in told if at]
    assert minutes == [5, 10, 20, 40, 80, 160, 320, 360, 360]


@given(seconds=st.integers() | st.text() | st.none())
def test_a_pause_of_any_kind_is_bounded(seconds: object) -> None:
    fault = fault_of(RateLimited(WORDS, seconds))  # type: ignore[arg-type]
    assert fault.kind == "RateLimited" and timedelta(0) <= fault.retry_after <= LATE


@pytest.mark.parametrize("name", NAMES)
def test_an_error_is_known_by_its_name_and_its_childrens(name: str) -> None:
    kind = getattr(context, name)
    child = type("Own", (kind,), {})
    assert [fault_of(each(WORDS)).kind for each in (kind, child)] == [name, name]
    assert {found for found in vars(context) if found in NAMES} == set(NAMES)


def test_an_error_says_its_message_with_all_that_is_in_it() -> None:
    assert str(AuthExpired(T("The courier answered %(status)s.", status=500))) == "The courier answered 500."
    assert str(AuthExpired(T("The courier answered %(status)s."))) == "The courier answered %(status)s."


@pytest.mark.parametrize("message", [T(""), "no text", None])
def test_a_bare_error_is_asked_again_and_a_missing_sentence_is_replaced(message: Any) -> None:
    assert fault_of(ConnectorError(WORDS)).kind == "Unavailable"
    error = AuthExpired(WORDS)
    error.message = message
    torn = fault_of(error)
    assert torn.kind == "AuthExpired" and str(torn.message) == "The other side could not be used."
