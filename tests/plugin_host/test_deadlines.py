"""A call that takes too long is interrupted: that call alone, whatever the plugin catches."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import time
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from threading import Event, Thread

import pytest

from core.plugin_host import deadlines
from core.plugin_host.deadlines import Deadlines, Limit, Seam
from core.plugin_host.fence import Fence
from core.plugin_host.host import PluginHost
from core.plugin_host.records import Failure
from core.settings import BadSettings, load
from samverk import Context, Invalid, T

SHORT = Deadlines(pure=0.15, page=60, work=60)


@pytest.fixture
def host() -> PluginHost:
    return PluginHost([], Fence(SHORT))


def for_ever() -> None:
    while True:
        pass


def deaf() -> None:
    while True:
        try:
            for_ever()
        except Exception:  # what a careless plugin does
            pass


def deaf_three_times() -> str:
    for _ in range(3):
        try:
            for_ever()
        except BaseException:  # what a malicious one does
            pass
    return "an answer after all"


def generator() -> Iterator[int]:
    while True:
        yield 1


@pytest.mark.parametrize("loop", [for_ever, deaf, deaf_three_times, lambda: sum(generator())])
def test_a_loop_is_interrupted_and_costs_one_answer(host: PluginHost, loop: Callable[[], object]) -> None:
    late = host.call("acme", loop)
    assert isinstance(late, Failure) and str(late.reason) == "The plugin acme took longer than 0.15 seconds."
    assert host.call("acme", lambda: 3) == 3, "the next call is asked, and nothing strikes it"
    (tally,) = host.fence.health.take().values()
    assert (tally.calls, tally.failures, tally.last_error) == (2, 1, "took longer than 0.15 s")


def test_each_seam_has_its_own_deadline() -> None:
    begin, host = time.monotonic(), PluginHost([], Fence(Deadlines(pure=0.15, page=0.3, work=60)))
    late = host.call("acme", for_ever, seam=Seam.PAGE)
    assert isinstance(late, Failure) and "0.3 seconds" in str(late.reason)
    assert time.monotonic() - begin >= 0.3
    assert host.call("acme", lambda: [time.monotonic() - begin for _ in range(10)], seam=Seam.COMMAND)


def waits(until: float) -> Callable[[], str]:
    """Waits without computing, as behind a lock or on a machine that has no time for it."""

    def wait() -> str:
        while time.monotonic() < until:
            Event().wait(0.01)
        return "an answer"

    return wait


def test_an_answer_may_wait_as_long_as_a_page_and_compute_as_long_as_an_answer(host: PluginHost) -> None:
    assert host.call("acme", waits(time.monotonic() + 0.6)) == "an answer", "it computed next to nothing"
    begin = time.monotonic(), time.thread_time()
    assert isinstance(host.call("acme", for_ever), Failure)
    assert time.thread_time() - begin[1] >= 0.15, "a busy one is struck when it has computed for so long"
    assert time.monotonic() - begin[0] < 60


def test_an_answer_that_only_waits_ends_like_a_page() -> None:
    host = PluginHost([], Fence(Deadlines(pure=0.05, page=0.3, work=60)))
    late = host.call("acme", waits(math.inf))
    assert isinstance(late, Failure) and str(late.reason) == "The plugin acme took longer than 0.3 seconds."


def test_what_others_compute_meanwhile_is_not_counted(host: PluginHost) -> None:
    """Four busy neighbours leave it a fifth of the interpreter."""
    stop = Event()
    neighbours = [Thread(target=lambda: host.call("busy", busy, stop, seam=Seam.WORK)) for _ in range(4)]
    for one in neighbours:
        one.start()

    def work() -> str:
        begin = time.thread_time()
        while time.thread_time() - begin < 0.08:
            pass
        return "an answer"

    try:
        assert host.call("acme", work) == "an answer"
    finally:
        stop.set()
        for one in neighbours:
            one.join()


def busy(stop: Event) -> None:
    while not stop.is_set():
        pass


def test_where_computing_cannot_be_told_the_clock_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SHORT.by_seam()[Seam.PURE] == Limit(60, 0.15)
    monkeypatch.setattr(deadlines, "TELLS", False)
    assert SHORT.by_seam()[Seam.PURE] == Limit(0.15)
    late = PluginHost([], Fence(SHORT)).call("acme", waits(math.inf))
    assert isinstance(late, Failure) and "0.15 seconds" in str(late.reason)


def test_only_the_thread_that_is_late_is_struck(host: PluginHost) -> None:
    answers: list[object] = []
    slow = Thread(target=lambda: answers.append(host.call("slow", for_ever)))
    slow.start()
    quick = 0
    while slow.is_alive():
        assert host.call("quick", sum, range(100)) == 4950
        quick += 1
    slow.join()
    assert isinstance(answers[0], Failure) and quick > 10
    tallies = host.fence.health.take()
    assert (tallies["quick"].calls, tallies["quick"].failures) == (quick, 0)


def test_a_call_within_a_call_leaves_the_outer_one_its_own_time(host: PluginHost) -> None:
    inner: list[object] = []

    def outer() -> str:
        inner.append(host.call("inner", for_ever))
        return "whole"

    assert host.call("outer", outer, seam=Seam.WORK) == "whole"
    assert isinstance(inner[0], Failure) and inner[0].plugin == "inner"
    both = host.call("outer", lambda: host.call("inner", for_ever, seam=Seam.WORK))
    assert isinstance(both, Failure) and both.plugin == "outer", "the outer one's time was over first"


def test_no_interruption_comes_after_the_call(host: PluginHost) -> None:
    """Calls that end just when their time does: what strikes late would strike this test."""
    outcomes = set()
    for step in range(24):
        until = time.thread_time() + 0.15 + (step % 12) * 0.01

        def work(until: float = until) -> int:
            while time.thread_time() < until:
                pass
            return 1

        outcomes.add(type(host.call("acme", work)))
        assert sum(range(2000)) == 1999000
    assert outcomes <= {int, Failure}


def test_what_a_plugin_says_on_purpose_passes(host: PluginHost) -> None:
    def refuse() -> None:
        raise Invalid(T("Write a name."))

    with pytest.raises(Invalid):
        host.call("acme", refuse, passes=(Invalid,))
    (tally,) = host.fence.health.take().values()
    assert (tally.calls, tally.failures) == (1, 0)
    assert isinstance(host.call("acme", refuse), Failure)


def test_an_error_that_cannot_say_what_it_is_stays_behind_the_fence(host: PluginHost) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def fail() -> None:
        raise Mute

    failure = host.call("acme", fail)
    assert isinstance(failure, Failure) and str(failure.reason) == "The plugin acme failed: Mute."


@pytest.mark.parametrize("kind", [CancelledError, SystemExit, KeyboardInterrupt, type("Panic", (BaseException,), {})])
def test_what_is_no_exception_stays_behind_the_fence(host: PluginHost, kind: type[BaseException]) -> None:
    def fail() -> None:
        raise kind("away")

    failure = host.call("acme", fail)
    assert isinstance(failure, Failure) and str(failure.reason) == f"The plugin acme failed: {kind.__name__}: away."


def test_a_child_of_a_fork_watches_by_itself() -> None:
    code = """
import os
from tests.plugin_host.test_deadlines import PluginHost, Fence, SHORT, for_ever
host = PluginHost([], Fence(SHORT))
host.call("acme", for_ever)
child = os.fork()
if not child:
    os._exit(7 if "longer" in str(host.call("acme", for_ever).reason) else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.strip() == "7"


def test_a_profiler_goes_on_after_an_interruption() -> None:
    """An exception that was taken back instead of raised would stop CPython 3.11 at the next profiled call."""
    code = """
import sys
from tests.plugin_host.test_deadlines import PluginHost, Fence, SHORT, for_ever
host = PluginHost([], Fence(SHORT))
host.call("acme", for_ever)
sys.setprofile(lambda *args: None)
print(host.call("acme", lambda: 7))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.strip() == "7"


def test_every_call_is_a_line_and_no_value_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    host = PluginHost([], Fence(SHORT, trace=True))
    ctx = Context("-", {"limit": "a-value"}, {"api_key": "a-secret"})

    def nightly(ctx: Context, sent: str) -> list[str]:
        return [*ctx.secrets.values(), *ctx.settings.values(), sent]

    host.call("acme", nightly, ctx, "an argument", returns=list, brand="k3v9")
    host.of("b7x2").call("acme", lambda: 1, what="shown")
    host.call("acme", lambda: 1 / 0, what="earned")
    host.call("acme", lambda: "3", returns=int, what="cap")
    with pytest.raises(Invalid):
        host.call("acme", _refuse, passes=(Invalid,))
    told = capsys.readouterr().err.splitlines()
    shape = re.compile(r"plugin acme (\S+) brand=(\S+) \d+\.\d{3} ms (\w+)")
    lines = [shape.fullmatch(line) for line in told if line.startswith("plugin acme ")]
    assert [line.groups() for line in lines if line] == [
        (f"{test_every_call_is_a_line_and_no_value_is_in_it.__name__}.<locals>.nightly", "k3v9", "list"),
        ("shown", "b7x2", "int"),
        ("earned", "-", "Failure"),
        ("cap", "-", "Failure"),
        ("_refuse", "-", "Invalid"),
    ]
    assert not any(word in " ".join(told) for word in ("a-secret", "a-value", "an argument"))


def _refuse() -> None:
    raise Invalid(T("No."))


def test_the_settings_of_the_fence() -> None:
    assert load({}).plugin_seconds == (2, 10, 60) and not load({}).trace_plugins
    given = load({"SAMVERK_PLUGIN_SECONDS": "0.5, 3,600", "SAMVERK_TRACE_PLUGINS": "1"})
    assert given.plugin_seconds == (0.5, 3, 600) and given.trace_plugins
    assert Deadlines(*given.plugin_seconds).load == 30
    assert Deadlines(*load({"SAMVERK_PLUGIN_SECONDS": "2,10,60,90"}).plugin_seconds).load == 90
    for wrong in ("2", "2,10", "0,1,1", "a,b,c", "-1,2,3", "1e9,1,1", "1,2,3,0", "1,2,3,4,5"):
        with pytest.raises(BadSettings, match="SAMVERK_PLUGIN_SECONDS must be three numbers"):
            load({"SAMVERK_PLUGIN_SECONDS": wrong})
