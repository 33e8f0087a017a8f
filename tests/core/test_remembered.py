"""Identities that were verified before: what is remembered, and when it is believed."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from sidecar.core.algorithm import Algorithm
from sidecar.core.cache import NO_CACHE, Recent, TokenCache
from sidecar.core.check import Checker
from sidecar.core.keys import VerificationKey
from sidecar.core.needs import Decided, Verify
from sidecar.core.trust import Trust
from sidecar.engine.local_cache import LocalCache
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.memory.cache import SharedCache
from sidecar.memory.segment import create
from support.answers import Answer, read_answer
from support.checks import finish
from support.keypairs import pair
from support.requests import with_token
from support.tokens import ISSUER, NOW, claims, forge, mint, part
from support.trusts import issuer, policy_set, trust


class Sidecar:
    """A checker with a cache, whose trust can be replaced, and which counts the signatures it asks for."""

    def __init__(self, in_force: Trust, tokens: TokenCache, recent: Recent) -> None:
        self.trust = in_force
        self.signatures = 0
        self._checker = Checker(lambda: self.trust, tokens, recent)

    def ask(self, token: str, now: float = NOW, **request: object) -> Answer:
        """Check a token to its end."""
        step = self._checker.begin(with_token(token, **request), now)
        self.signatures += isinstance(step, Verify)
        decided = finish(step, now)
        assert isinstance(decided, Decided)
        return read_answer(decided.response)


Start = Callable[[Trust], Sidecar]


@pytest.fixture(params=["in the process", "in shared memory", "in both"])
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Return what starts a sidecar, for each cache there is."""
    local = LocalCache(0 if request.param == "in shared memory" else 100)
    with create(1 << 20) as segment:
        shared = SharedTokenCache(SharedCache(segment, 7), bytes(32))
        tokens = NO_CACHE if request.param == "in the process" else shared
        yield lambda in_force: Sidecar(in_force, tokens, local)


def with_keys(keys: Sequence[VerificationKey], **changes: object) -> Trust:
    """Return a trust in these keys of the usual issuer."""
    return trust(issuers=[issuer(keys, **changes)])


def test_second_check_needs_no_signature(start: Start) -> None:
    """A token that was verified is decided on at once the next time, with the same answer."""
    sidecar = start(trust())
    token = mint()
    assert sidecar.ask(token) == sidecar.ask(token)
    assert sidecar.signatures == 1


def test_policy_runs_every_time(start: Start) -> None:
    """What is remembered is who it is, never what was decided."""
    rule = {"to": [{"operation": {"paths": ["/orders"]}}]}
    sidecar = start(trust(policy_set([{"name": "p", "action": "allow", "rules": [rule]}])))
    token = mint()
    assert sidecar.ask(token).allowed
    assert sidecar.ask(token, path="/admin").reason == "no_policy_allows"
    assert sidecar.signatures == 1


def test_another_spelling_of_a_token_is_another_token(start: Start) -> None:
    """A token with the same signature under another payload or header is verified, and refused."""
    sidecar = start(trust())
    token = mint()
    assert sidecar.ask(token).allowed
    header, payload, signature = token.split(".")
    forged = f"{header}.{part(b'{}').decode()}.{signature}", f"{part(b'{}').decode()}.{payload}.{signature}"
    assert not any(sidecar.ask(text).allowed for text in forged)
    other = forge({"alg": "EdDSA", "kid": pair().key_id}, claims(sub="root")).rpartition(".")[0]
    assert sidecar.ask(f"{other}.{signature}").reason == "bad_signature"


@pytest.mark.parametrize(("later", "allowed"), [(629.9, True), (630.0, False), (1e6, False)])
def test_expiry_ends_it(start: Start, later: float, allowed: bool) -> None:  # noqa: FBT001 - a table
    """A remembered token expires when it would have anyway, clock skew included."""
    sidecar = start(trust())
    token = mint(claims(exp=NOW + 600))
    assert sidecar.ask(token).allowed
    answer = sidecar.ask(token, NOW + later)
    assert answer.allowed is allowed
    assert allowed or answer.reason == "token_expired"


def test_clock_that_was_set_back(start: Start) -> None:
    """A remembered token is not valid before its time, should the clock be set back."""
    sidecar = start(trust())
    token = mint(claims(nbf=NOW - 100, iat=NOW - 100))
    assert sidecar.ask(token).allowed
    assert sidecar.ask(token, NOW - 131).reason == "token_not_yet_valid"
    assert sidecar.ask(token, float("nan")).allowed is False


def test_removed_key_takes_its_identities_with_it(start: Start) -> None:
    """Once its key is gone a token is refused at once; others go on without a signature."""
    first, second = pair(Algorithm.EDDSA), pair(Algorithm.ES256, "key-2")
    sidecar = start(with_keys([first.public, second.public]))
    tokens = mint(key=first), mint(key=second)
    assert all(sidecar.ask(token).allowed for token in tokens)
    sidecar.trust = with_keys([second.public])
    assert sidecar.ask(tokens[0]).reason == "unknown_key"
    assert sidecar.ask(tokens[1]).allowed
    assert sidecar.signatures == 2


def test_added_key_takes_none(start: Start) -> None:
    """A key that is added makes nobody be verified again."""
    first, second = pair(Algorithm.EDDSA), pair(Algorithm.ES256, "key-2")
    sidecar = start(with_keys([first.public]))
    token = mint(key=first)
    assert sidecar.ask(token).allowed
    sidecar.trust = with_keys([first.public, second.public])
    assert sidecar.ask(token).allowed
    assert sidecar.signatures == 1


def test_replaced_key_is_another_key(start: Start) -> None:
    """A key that is replaced under the same id vouches for nothing that the old one signed."""
    old = pair(Algorithm.EDDSA)
    new = VerificationKey(old.key_id, old.public.algorithms, bytes(32), b"")
    sidecar = start(with_keys([old.public]))
    token = mint(key=old)
    assert sidecar.ask(token).allowed
    sidecar.trust = with_keys([new])
    assert not sidecar.ask(token).allowed


@pytest.mark.parametrize(
    "change",
    [
        {"audiences": frozenset({"billing"})},
        {"algorithms": frozenset({Algorithm.ES256})},
        {"token_types": frozenset({"at+jwt"})},
        {"required_claims": frozenset({"tenant"})},
        {"max_lifetime": 1.0},
        {"issuer": "https://other.example"},
    ],
)
def test_stricter_issuer_is_heeded_at_once(start: Start, change: dict[str, object]) -> None:
    """What the issuer's configuration no longer takes is refused at once, remembered or not."""
    sidecar = start(trust())
    token = mint()
    assert sidecar.ask(token).allowed
    sidecar.trust = trust(issuers=[issuer(**change)])
    assert not sidecar.ask(token).allowed


def test_other_issuer_s_change_costs_nothing(start: Start) -> None:
    """A change of one issuer makes no token of another be verified again."""
    other = issuer(issuer="https://other.example")
    sidecar = start(trust(issuers=[issuer(), other]))
    token = mint()
    assert sidecar.ask(token).allowed
    sidecar.trust = trust(issuers=[issuer(), issuer(issuer=other.issuer, clock_skew=1.0)])
    assert sidecar.ask(token).allowed
    assert sidecar.signatures == 1
    assert other.issuer != ISSUER


def test_refused_tokens_are_not_remembered() -> None:
    """A token whose signature is wrong is never put among the identities."""
    cache = LocalCache(10)
    token = mint()
    step = Checker(trust, recent=cache).begin(with_token(token[:-6] + "AAAAAA"), NOW)
    assert not read_answer(finish(step).response).allowed
    assert len(cache) == 0
