"""The cache of all server processes: what it believes of what it finds in shared memory."""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.algorithm import Algorithm
from sidecar.core.cache import PERMANENT, REMEMBERED, Refused
from sidecar.core.check import Checker
from sidecar.core.needs import Verify
from sidecar.core.reason import Reason
from sidecar.core.trust import Trust
from sidecar.engine.local_cache import LocalCache
from sidecar.engine.records import decode, encode
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.memory.cache import SharedCache
from sidecar.memory.segment import create
from support.answers import Answer, read_answer
from support.checks import finish
from support.identities import identity
from support.keypairs import pair
from support.requests import with_token
from support.tokens import ISSUER, NOW, claims, mint
from support.trusts import ALLOW_ALL, issuer, policy_set, trust

SECRET = b"s" * 32
TRUST = trust()


class Node:
    """Processes that share a segment: each has a cache of its own in front, and a trust of its own."""

    def __init__(self, shared: SharedCache) -> None:
        self.shared = shared
        self.signatures = 0

    def ask(self, token: str, in_force: Trust = TRUST, now: float = NOW) -> Answer:
        """Check a token in a process that has only just started."""
        checker = Checker(lambda: in_force, SharedTokenCache(self.shared, SECRET), LocalCache(10))
        step = checker.begin(with_token(token), now)
        self.signatures += isinstance(step, Verify)
        return read_answer(finish(step, now).response)

    def write(self, token: str, record: bytes, *, negative: bool = False) -> None:
        """Put a record by hand."""
        key = blake2b(token.encode(), digest_size=32, key=SECRET).digest()
        assert self.shared.put(key, record, NOW + 1000, NOW, negative=negative)


@pytest.fixture
def node() -> Iterator[Node]:
    """Return a node with an empty segment."""
    with create(1 << 20) as segment:
        yield Node(SharedCache(segment, 7))


def test_what_one_process_verified_another_believes(node: Node) -> None:
    """A token is verified once for all processes."""
    token = mint()
    assert node.ask(token) == node.ask(token)
    assert node.ask(token).allowed
    assert node.signatures == 1


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (mint() + "x", "bad_signature"),
        (mint(claims(exp=NOW - 1000)), "token_expired"),
        ("a.b.c", "token_malformed"),
    ],
)
def test_what_one_process_refused_for_good_another_refuses(node: Node, token: str, reason: str) -> None:
    """A permanent refusal is remembered, with its reason, and needs no signature to be checked again."""
    token = token if reason != "bad_signature" else mint()[:-6] + "AAAAAA"
    assert [node.ask(token).reason for _ in range(3)] == [reason] * 3
    assert node.signatures <= 1
    assert node.shared.counts.hits == 2


@pytest.mark.parametrize(
    ("token", "in_force", "reason"),
    [
        (mint(claims(nbf=NOW + 1000)), TRUST, "token_not_yet_valid"),
        (mint(), trust(issuers=[issuer([pair(Algorithm.ES256, "other").public])]), "unknown_key"),
        (mint(claims(aud="other")), TRUST, "wrong_audience"),
        (mint(claims(iss="https://other.example")), TRUST, "unknown_issuer"),
    ],
)
def test_what_may_change_is_not_remembered(node: Node, token: str, in_force: Trust, reason: str) -> None:
    """What is refused now and may be taken the next moment is looked into each time."""
    assert [node.ask(token, in_force).reason for _ in range(2)] == [reason] * 2
    assert node.shared.counts.hits == 0


def test_refusal_ends_with_its_trust(node: Node) -> None:
    """A refusal is forgotten with any change of configuration."""
    token = mint(claims(exp=NOW - 50))
    assert node.ask(token).reason == "token_expired"
    patient = trust(issuers=[issuer(clock_skew=60.0)])
    assert node.ask(token, patient).allowed


def test_late_process_cannot_vouch_under_the_new_keys(node: Node) -> None:
    """A process that has not heard of a key's removal writes what others do not believe."""
    old, new = pair(Algorithm.EDDSA), pair(Algorithm.ES256, "key-2")
    token = mint(key=old)
    before = trust(issuers=[issuer([old.public, new.public])])
    after = trust(issuers=[issuer([new.public])])
    assert node.ask(token, before).allowed
    assert node.ask(token, after).reason == "unknown_key"
    assert node.ask(token, before).allowed
    assert node.ask(token, after).reason == "unknown_key"


def test_policy_of_a_reload_holds_for_what_was_remembered(node: Node) -> None:
    """A stricter policy applies at once; the token is not verified again."""
    token = mint()
    rules = [{"to": [{"operation": {"paths": ["/only"]}}]}]
    stricter = trust(policy_set([{"name": "p", "action": "allow", "rules": rules}]))
    assert node.ask(token).allowed
    assert node.ask(token, stricter).reason == "no_policy_allows"
    assert node.signatures == 1


@pytest.mark.parametrize("part", [slice(1, 2), slice(33, 34), slice(0, 1)])
def test_record_with_another_label_is_a_miss(node: Node, part: slice) -> None:
    """A record written by hand under another issuer configuration, another key or another kind is not believed."""
    good = bytearray(encode(identity(sub="root")))
    good[part] = bytes(one ^ 0x55 for one in good[part])
    token = mint()
    node.write(token, bytes(good))
    assert node.ask(token).header("x-auth-subject") == "alice"
    assert node.signatures == 1


def test_record_of_another_token_is_under_another_key(node: Node) -> None:
    """The same signature, header or payload with another part is looked for elsewhere."""
    token = mint()
    assert node.ask(token).allowed
    header, payload, signature = token.split(".")
    other = mint(claims(sub="root"))
    for forged in (f"{header}.{other.split('.')[1]}.{signature}", f"{header}.{payload}.{other.split('.')[2]}"):
        assert node.ask(forged).reason == "bad_signature"


def test_refusal_that_is_not_permanent_is_not_believed(node: Node) -> None:
    """A record that names a reason which may pass, or none that there is, is a miss."""
    token = mint()
    for reason in (b"deadline_exceeded", b"allowed", b"no such reason", b"\xff"):
        node.write(token, b"\x02" + TRUST.digest + reason, negative=True)
        assert node.ask(token).allowed


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_none(record: bytes) -> None:
    """Reading a record never raises."""
    assert decode(record, TRUST) is None or record[0] in (1, 2)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["a", "groups", "é", "scope2"]), _VALUES))
def test_identity_survives_the_way(extra: dict[str, Any]) -> None:
    """An identity comes out of its record as it went in, whatever its claims."""
    whole = identity(**extra)
    again = decode(encode(whole), TRUST)
    assert again == whole
    assert repr(again) == repr(whole)


@pytest.mark.parametrize("reason", sorted(PERMANENT))
def test_refusal_survives_the_way(reason: Reason) -> None:
    """A refusal comes out of its record as it went in, with the issuer if it is known whose token it is about."""
    for whose in (None, ISSUER):
        refused = Refused(reason, TRUST.digest, whose=whose)
        assert decode(encode(refused), TRUST) == refused
    stranger = Refused(reason, TRUST.digest, whose="https://elsewhere.example")
    assert decode(encode(stranger), TRUST) == Refused(reason, TRUST.digest)


def test_usual_identity_takes_one_slot() -> None:
    """The identity of a usual token fits into one slot of 512 bytes, a refusal into one of 128."""
    usual = claims(scope="orders:read orders:write", groups=["staff", "billing"], tenant="acme", jti="f" * 32)
    assert len(encode(identity(**usual))) <= 456
    assert max(len(encode(Refused(reason, TRUST.digest, whose=ISSUER))) for reason in REMEMBERED) <= 72


def test_refusals_do_not_push_out_identities() -> None:
    """However many tokens are refused, what was verified stays."""
    with create(1 << 20) as segment:
        node = Node(SharedCache(segment, 7))
        token = mint()
        in_force = trust(policy_set(ALLOW_ALL))
        assert node.ask(token, in_force).allowed
        for number in range(5000):
            node.write(f"bad-{number}", encode(Refused(Reason.BAD_SIGNATURE, TRUST.digest)), negative=True)
        assert node.ask(token, in_force).allowed
        assert node.signatures == 1


def test_secret_of_another_length_is_refused(node: Node) -> None:
    """A secret that is too short is refused."""
    with pytest.raises(ValueError, match="32"):
        SharedTokenCache(node.shared, b"short")


def test_refusal_of_a_clock_that_ran_ahead_is_forgotten(node: Node) -> None:
    """Once the clock is right again, a token is not taken for expired because it was when the clock was ahead."""
    token, ahead = mint(claims(exp=NOW + 1000)), NOW + 86_400
    assert node.ask(token, now=ahead).reason == "token_expired"
    for now in (NOW, NOW + 900):
        assert node.ask(token, now=now).allowed
    assert node.ask(token, now=ahead).reason == "token_expired"


@pytest.mark.parametrize("ahead", [1.0, 30.0, 90.0])
def test_refusal_holds_again_when_its_time_has_come(node: Node, ahead: float) -> None:
    """However little the clock was ahead: what it refused is refused from that time on, and not before."""
    token = mint(claims(exp=NOW - 30.0))  # over at NOW, with a clock skew of 30 s
    first = NOW + ahead
    assert node.ask(token, now=first).reason == "token_expired"
    assert node.ask(token, now=NOW - 1).allowed
    assert node.ask(token, now=first).reason == "token_expired"


def test_identity_of_a_clock_that_ran_ahead_has_its_own_times(node: Node) -> None:
    """A token that was good by a clock that was ahead is not yet valid by one that is right."""
    token = mint(claims(nbf=NOW + 1000, exp=NOW + 9000))
    assert node.ask(token, now=NOW + 2000).allowed
    assert node.ask(token).reason == "token_not_yet_valid"
    assert node.ask(token, now=NOW + 2000).allowed
