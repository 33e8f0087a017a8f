"""Who may have a new token looked at."""

from sidecar.core.check import Checker
from sidecar.core.needs import Decided, Verify
from sidecar.engine.local_cache import LocalCache
from sidecar.verify.gate import EVERY, Gate
from sidecar.verify.routing import FailureBudget
from support.answers import read_answer
from support.checks import finish
from support.requests import check_request, with_token
from support.tokens import NOW, mint
from support.trusts import trust


def _spent(*sources: str) -> FailureBudget:
    budget = FailureBudget(burst=3, per_second=1.0, sources=100)
    for source in sources:
        for _ in range(3):
            budget.failed(source, 100.0)
    return budget


def test_spent_sources_take_turns() -> None:
    """All that have spent their budget get one look in a while together; everybody else is let in each time."""
    now, refused = 100.0, []
    gate = Gate(_spent("10.0.0.66", "10.0.0.67"), lambda: refused.append(now), lambda: now)
    assert [gate.admits(source) for source in ("10.0.0.66", "10.0.0.67", "10.0.0.66")] == [True, False, False]
    assert all(gate.admits("10.0.0.7") for _ in range(100))
    assert len(refused) == 2
    now += EVERY
    assert gate.admits("10.0.0.67")
    assert not gate.admits("10.0.0.66")


def test_budget_comes_back() -> None:
    """Who sends no more bad signatures is soon one of the others again."""
    now = 100.0
    gate = Gate(_spent("2001:db8::/64"), clock=lambda: now)
    assert [gate.admits("2001:db8::1"), gate.admits("2001:db8::2")] == [True, False]
    now += 1.5
    assert all(gate.admits("2001:db8::3") for _ in range(5))


class _Shut:
    def admits(self, source: str) -> bool:
        assert source == ""
        return False

    def failed(self, source: str) -> None:
        raise AssertionError(source)


def test_known_tokens_and_public_paths_never_ask() -> None:
    """A shut gate turns away new tokens alone, before anything of them is read, and says when to come back."""
    recent, token = LocalCache(10), mint()
    in_force = trust()
    step = Checker(lambda: in_force, recent=recent).begin(with_token(token), NOW)
    assert isinstance(step, Verify)
    assert read_answer(finish(step).response).allowed
    shut = Checker(lambda: in_force, recent=recent, gate=_Shut())
    known = shut.begin(with_token(token), NOW)
    assert isinstance(known, Decided)
    assert read_answer(known.response).allowed
    for credential in (mint() + "x", "no.token.atall", "a"):
        turned_away = shut.begin(with_token(credential), NOW)
        assert isinstance(turned_away, Decided)
        answer = read_answer(turned_away.response)
        assert (answer.status, answer.reason, answer.header("retry-after")) == (503, "overloaded", "1")
    nobody = shut.begin(check_request(), NOW)
    assert isinstance(nobody, Decided)
    assert read_answer(nobody.response).reason == "no_credential"
