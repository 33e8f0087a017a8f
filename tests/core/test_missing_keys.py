"""Tokens whose key is not there: what is fetched for them, and what is not."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from sidecar.core.check import Checker
from sidecar.core.keys import NO_KEYS
from sidecar.core.needs import Decided, RefetchKeys, Step, Verify
from sidecar.core.reason import Reason
from sidecar.core.trust import Trust
from support.answers import read_answer
from support.checks import verdict
from support.keypairs import pair
from support.requests import with_token
from support.tokens import ISSUER, NOW, claims, mint
from support.trusts import issuer, trust

_NEXT = pair(key_id="next", owner="next")
_BEFORE = trust(issuers=[issuer(refetch_wait=1.5)])
_AFTER = trust(issuers=[issuer([pair().public, _NEXT.public], refetch_wait=1.5)])
_EMPTY = trust(issuers=[issuer((), refetch_wait=1.5)])
_RAW = with_token(mint(key=_NEXT))


@dataclass
class World:
    """What a check sees of the outside."""

    trusts: Iterator[Trust]
    helps: bool = True
    failed: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def worthwhile(self, name: str) -> bool:
        """Say what the test wants."""
        self.asked.append(name)
        return self.helps

    @staticmethod
    def admits(_source: str) -> bool:
        """Let everybody in."""
        return True

    def failed_(self, source: str) -> None:
        """Note it."""
        self.failed.append(source)

    def begin(self, raw: bytes = _RAW) -> Step:
        """Begin a check."""

        class Gate:
            admits = staticmethod(self.admits)
            failed = staticmethod(self.failed_)

        return Checker(lambda: next(self.trusts), gate=Gate(), refetches=self).begin(raw, NOW)


def _reason(step: Step) -> Reason:
    assert isinstance(step, Decided)
    return step.decision.reason


def test_unknown_key_is_fetched_and_the_check_begins_anew() -> None:
    """Under a Trust that has the key the check goes on to the signature, and is allowed."""
    world = World(iter([_BEFORE, _AFTER, _AFTER, _AFTER]))
    need = world.begin()
    assert isinstance(need, RefetchKeys)
    assert (need.issuer, need.issuer_digest, need.wait) == (ISSUER, _BEFORE.issuers[ISSUER].digest, 1.5)
    again = need.resume(NOW)
    assert isinstance(again, Verify)
    assert _reason(again.resume(verdict(again), NOW)) is Reason.ALLOWED
    assert not world.failed


def test_key_that_nobody_has() -> None:
    """Where fetching brought nothing the key is unknown, and the sender is noted as one who may have made it up."""
    world = World(iter([_BEFORE] * 2))
    need = world.begin()
    assert isinstance(need, RefetchKeys)
    assert _reason(need.resume(NOW)) is Reason.UNKNOWN_KEY
    assert len(world.failed) == 1


@pytest.mark.parametrize(
    ("before", "after", "suspected"),
    [(_BEFORE, _BEFORE, 1), (_BEFORE, _AFTER, 0), (_EMPTY, _EMPTY, 0)],
    ids=["same keys", "other keys", "no keys"],
)
def test_check_that_does_not_wait_for_the_end(before: Trust, after: Trust, suspected: int) -> None:
    """Who leaves before the keys have come is suspected like one who waited; not where there are others, or none."""
    world = World(iter([before, after]))
    need = world.begin()
    assert isinstance(need, RefetchKeys)
    need.give_up()
    assert len(world.failed) == suspected


def test_not_where_it_would_not_help() -> None:
    """Where the keys were fetched a moment ago the check is over at once."""
    world = World(iter([_BEFORE]), helps=False)
    assert _reason(world.begin()) is Reason.UNKNOWN_KEY
    assert len(world.failed) == 1


def test_without_any_key_the_issuer_is_to_blame() -> None:
    """Without any key the answer is 503, with a time to come back, and nobody is suspected."""
    for helps in (True, False):
        world = World(iter([_EMPTY] * 2), helps=helps)
        step = world.begin()
        step = step.resume(NOW) if isinstance(step, RefetchKeys) else step
        assert isinstance(step, Decided)
        assert _reason(step) is Reason.KEYS_UNAVAILABLE
        assert not world.failed
        answer = read_answer(step.response)
        assert (answer.status, answer.header("retry-after"), answer.header("www-authenticate")) == (503, "1", None)


def test_without_any_key_every_token_may_wait_for_them() -> None:
    """Also a token that names no key is worth a look for an issuer that has none."""
    world = World(iter([_EMPTY, _BEFORE, _BEFORE]))
    need = world.begin(with_token(mint(kid=None)))
    assert isinstance(need, RefetchKeys)
    assert isinstance(need.resume(NOW), Verify)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (with_token(mint(claims(exp=int(NOW) - 100), key=_NEXT)), Reason.TOKEN_EXPIRED),
        (with_token(mint(claims(aud="other"), key=_NEXT)), Reason.WRONG_AUDIENCE),
        (with_token(mint(claims(iss="https://other.example"), key=_NEXT)), Reason.UNKNOWN_ISSUER),
        (with_token(mint(claims(sub=""), key=_NEXT)), Reason.CLAIM_INVALID),
    ],
)
def test_not_for_tokens_that_are_refused_anyway(raw: bytes, reason: Reason) -> None:
    """Nothing is fetched for a token that no key could make good."""
    world = World(iter([_BEFORE]))
    assert _reason(world.begin(raw)) is reason
    assert not world.asked


def test_not_for_keys_that_are_not_fetched() -> None:
    """An issuer with keys in a file is not asked for any."""
    world = World(iter([trust()]))
    assert _reason(world.begin()) is Reason.UNKNOWN_KEY
    assert not world.asked


def test_not_for_a_key_that_is_for_another_algorithm() -> None:
    """A key that is there and does not fit is not looked for once more, nor is one for a token that names none."""
    two = trust(issuers=[issuer([pair().public, _NEXT.public], refetch_wait=1.0)])
    world = World(iter([two]))
    assert _reason(world.begin(with_token(mint(kid=None)))) is Reason.UNKNOWN_KEY
    assert not world.asked


def test_no_token_in_the_repr() -> None:
    """What waits can be logged."""
    need = World(iter([_BEFORE])).begin()
    assert mint(key=_NEXT) not in repr(need)


def test_how_long_to_wait_is_in_the_trust_and_in_no_label() -> None:
    """Another wait is another Trust, and what was verified under the issuer's keys stays good."""
    other = trust(issuers=[issuer(refetch_wait=2.0)])
    assert other.digest != _BEFORE.digest
    assert other.issuers[ISSUER].digest == _BEFORE.issuers[ISSUER].digest
    assert NO_KEYS.may_lack("a")
