"""Which checks are told of."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.decision import Denial, Permit, Trial
from sidecar.core.needs import Decided
from sidecar.core.reason import Reason
from sidecar.decision_log.backlog import Backlog
from sidecar.decision_log.entry import Entry
from sidecar.decision_log.sampling import Gaps, Rate
from sidecar.decision_log.watching import RECENT_PER_SECOND, Choice, watching
from support.telling import entry

_WOULD = Trial(allowed=False, reason=Reason.NO_POLICY_ALLOWS, policy=None)
_OTHER = Trial(allowed=True, reason=Reason.ALLOWED, policy="p")
ALLOWED = Decided(Permit(Reason.ALLOWED, None, "p"), b"")
DENIED = Decided(Denial(Reason.NO_CREDENTIAL), b"")
WOULD_BE_DENIED = Decided(Permit(Reason.ALLOWED, None, "p", (), _WOULD), b"")
DRY_RUN = Decided(Permit(Reason.DRY_RUN, None, None, (), _WOULD), b"")
BY_ANOTHER = Decided(Permit(Reason.ALLOWED, None, "q", (), _OTHER), b"")


class _Watch:
    """A watch with a clock, and what it put."""

    def __init__(self, choice: Choice) -> None:
        self.now, self.limited = 0.0, 0
        self.put: list[Entry] = []
        self._watch = watching(choice, self.put.append, self._limit, lambda: 5.0, lambda: self.now, Random(7))  # noqa: S311 - not for secrets

    def _limit(self) -> None:
        self.limited += 1

    def see(self, decided: Decided, times: int = 1) -> int:
        """Return how many of so many are to be logged."""
        before = sum(one.logged for one in self.put)
        for _ in range(times):
            self._watch(decided, 0.5, b"asked", False)  # noqa: FBT003 - as the engine does
        return sum(one.logged for one in self.put) - before


def _choice(allows: int = 100, denials: int = 1, per_second: int = 1_000_000, *, recent: bool = False) -> Choice:
    return Choice(allows, denials, per_second, recent)


@pytest.mark.parametrize("decided", [DENIED, WOULD_BE_DENIED, DRY_RUN])
def test_all_denials(decided: Decided) -> None:
    """Whatever is denied is logged, and whatever would be, were all policies enforced."""
    watch = _Watch(_choice(allows=0))
    assert watch.see(decided, 50) == 50
    assert watch.put[0] == Entry(b"asked", decided, 0.5, 5.0, 1, logged=True, recent=False)


@pytest.mark.parametrize("decided", [ALLOWED, BY_ANOTHER])
def test_some_of_what_is_allowed(decided: Decided) -> None:
    """One in so many on average, each saying for how many it stands; 0 is none, and 1 is all."""
    watch = _Watch(_choice(allows=100))
    assert 800 < watch.see(decided, 100_000) < 1200
    assert {one.one_in for one in watch.put} == {100}
    assert _Watch(_choice(allows=0)).see(decided, 1000) == 0
    assert _Watch(_choice(allows=1)).see(decided, 1000) == 1000


def test_some_denials() -> None:
    """Denials can be sampled as well, by themselves."""
    watch = _Watch(_choice(allows=0, denials=10))
    assert 80 < watch.see(DENIED, 1000) < 120
    assert watch.see(ALLOWED, 1000) == 0
    assert _Watch(_choice(denials=0, allows=0)).see(DENIED, 1000) == 0


def test_no_rhythm_keeps_a_client_out() -> None:
    """Who asks at every hundredth check is logged as often as others."""
    watch = _Watch(_choice(allows=100))
    found = sum(watch.see(ALLOWED) + watch.see(BY_ANOTHER, 99) * 0 for _ in range(1000))
    assert 2 < found < 25


def test_so_many_a_second() -> None:
    """More than that are counted, and told of no more; in the next second it goes on."""
    watch = _Watch(_choice(allows=1, per_second=10))
    assert watch.see(DENIED, 8) + watch.see(ALLOWED, 7) == 10
    assert watch.limited == 5
    watch.now += 0.5
    assert watch.see(DENIED, 7) == 5


def test_denials_of_late() -> None:
    """A few a second are kept, whatever is logged; what is allowed is not."""
    watch = _Watch(_choice(allows=1, denials=0, recent=True))
    watch.see(DENIED, 100)
    assert [one.recent for one in watch.put] == [True] * RECENT_PER_SECOND
    assert not any(one.logged for one in watch.put)
    watch.see(ALLOWED, 10)
    assert sum(one.recent for one in watch.put) == RECENT_PER_SECOND


@given(st.integers(1, 50), st.integers(0, 2**32))
def test_gaps(one_in: int, seed: int) -> None:
    """Each is from 1 to twice as many, so that none is far from the next."""
    gaps = Gaps(one_in, Random(seed))  # noqa: S311 - not for secrets
    assert all(1 <= gaps.next() < 2 * one_in for _ in range(20))


@given(st.lists(st.floats(0, 3), min_size=1, max_size=200), st.integers(1, 20))
def test_rate(pauses: list[float], per_second: int) -> None:
    """In no second there are more than twice as many: those that may come at once, and those of the second."""
    now, admitted = 0.0, list[float]()
    rate = Rate(per_second, lambda: now)
    for pause in pauses:
        now += pause
        if rate.admits():
            admitted.append(now)
    for at in admitted:
        assert sum(at <= other <= at + 1 for other in admitted) <= 2 * per_second


def _bytes(one: Entry) -> int:
    return len(one.request) + len(one.decided.response)


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), max_size=60))
def test_backlog_is_bounded_in_bytes(sizes: list[tuple[int, int]]) -> None:
    """What is in it comes out in its order, and it never holds more bytes than it may, those of answers included."""
    backlog, held = Backlog(20_000), list[Entry]()
    for request, answer in sizes:
        one = entry(b"x" * request, Decided(DENIED.decision, b"y" * answer))
        if backlog.put(one):
            held.append(one)
        else:
            assert sum(_bytes(each) + 512 for each in held) + _bytes(one) + 512 > 20_000
            assert backlog.take() is held.pop(0)
        assert sum(map(_bytes, held)) <= 20_000
        assert len(backlog) == len(held)
    assert [backlog.take() for _ in range(len(backlog))] == held


def test_an_entry_hides_what_was_asked() -> None:
    """Its request has the token."""
    assert "secret" not in repr(entry(b"secret", DENIED))
