"""The circuit breaker."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.introspection.breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Breaker


def fail(breaker: Breaker, now: float, times: int = FAILURES) -> None:
    """Fail in a row."""
    for _ in range(times):
        assert breaker.admits(now)
        breaker.failed(now)


def test_opens_and_closes() -> None:
    """It opens after failures in a row, lets one try after a pause, and closes when that is good."""
    breaker = Breaker()
    fail(breaker, 0.0)
    assert not breaker.admits(FIRST_PAUSE - 0.01)
    assert breaker.admits(FIRST_PAUSE)
    assert not breaker.admits(FIRST_PAUSE)
    breaker.succeeded()
    assert all(breaker.admits(FIRST_PAUSE) for _ in range(3))


def test_pause_doubles() -> None:
    """Each trial that fails makes the pause twice as long, up to the longest."""
    breaker, now, pause = Breaker(), 0.0, FIRST_PAUSE
    fail(breaker, now)
    for _ in range(10):
        now += pause
        assert breaker.admits(now)
        breaker.failed(now)
        pause = min(2 * pause, LONGEST_PAUSE)
        assert not breaker.admits(now + pause - 0.01)


def test_success_between_failures_keeps_it_closed() -> None:
    """Failures count in a row alone."""
    breaker = Breaker()
    for _ in range(5):
        fail(breaker, 0.0, FAILURES - 1)
        breaker.succeeded()
    assert breaker.admits(0.0)


def test_trial_that_nobody_waited_for() -> None:
    """A trial that was given up lets the next one try."""
    breaker = Breaker()
    fail(breaker, 0.0)
    assert breaker.admits(FIRST_PAUSE)
    breaker.abandoned()
    assert breaker.admits(FIRST_PAUSE)


@given(st.lists(st.sampled_from(["ask", "good", "bad", "gone", "later"]), max_size=60))
def test_never_stuck(events: list[str]) -> None:
    """Whatever happened: once all is told and the longest pause is over, it lets somebody try."""
    breaker, now, asked = Breaker(), 0.0, 0
    for event in events:
        if event == "ask":
            asked += breaker.admits(now)
        elif event == "later":
            now += 1.0
        elif asked:
            asked -= 1
            {"good": breaker.succeeded, "bad": lambda: breaker.failed(now), "gone": breaker.abandoned}[event]()  # noqa: B023
    for _ in range(asked):
        breaker.failed(now)
    assert breaker.admits(now + LONGEST_PAUSE)
