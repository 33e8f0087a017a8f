"""Tokens that were revoked: whatever they are remembered by, and by whatever they were revoked."""

import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import base64url
from sidecar.core.algorithm import Algorithm
from sidecar.core.cache import NO_CACHE, Recent, TokenCache
from sidecar.core.check import Checker
from sidecar.core.identity import Identity
from sidecar.core.needs import Decided, Verify
from sidecar.core.revocation import Kind, LookUp, Marks, Name, digest
from sidecar.core.trust import Trust
from sidecar.engine.local_cache import LocalCache
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.memory.cache import SharedCache
from sidecar.memory.segment import create
from sidecar.verify.hashing.algorithm import Algorithm as Hash
from sidecar.verify.hashing.rows import hash_rows, joined, length_prefixed
from support.answers import Answer, read_answer
from support.checks import finish, verdict
from support.denylists import KEY, LATER, Revoker, revoking
from support.keypairs import pair
from support.requests import check_request, with_token
from support.tokens import ABSENT, ISSUER, NOW, claims, mint
from support.trusts import issuer, policy_set, trust


class Counting:
    """A denylist that counts how often it is looked into."""

    def __init__(self, inner: Revoker) -> None:
        self.look_ups = 0
        self._list = inner.list

    def epoch(self, now: float) -> int:
        """Return its epoch."""
        return self._list.epoch(now)

    def marks(self, identity: Identity) -> Marks:
        """Return what it is looked up by."""
        return self._list.marks(identity)

    def look_up(self, marks: Marks, now: float) -> LookUp:
        """Look, and count."""
        self.look_ups += 1
        return self._list.look_up(marks, now)


class Sidecar:
    """A checker with caches and a denylist, which counts the signatures it asks for."""

    def __init__(self, revoker: Revoker, tokens: TokenCache, recent: Recent) -> None:
        self.trust: Trust = trust()
        self.signatures = 0
        self.revoker = revoker
        self.denylist = Counting(revoker)
        self.checker = Checker(lambda: self.trust, tokens, recent, denylist=self.denylist)

    def ask(self, token: str, now: float = NOW, **request: object) -> Answer:
        """Check a token to its end."""
        step = self.checker.begin(with_token(token, **request), now)
        self.signatures += isinstance(step, Verify)
        decided = finish(step, now)
        assert isinstance(decided, Decided)
        return read_answer(decided.response)


@pytest.fixture(params=["nowhere", "in the process", "in shared memory"])
def sidecar(request: pytest.FixtureRequest) -> Iterator[Sidecar]:
    """Return a sidecar that remembers identities here or there."""
    local = LocalCache(100 if request.param == "in the process" else 0)
    with create(1 << 20) as segment, revoking() as revoker:
        shared = SharedTokenCache(SharedCache(segment, 7), bytes(32))
        yield Sidecar(revoker, shared if request.param == "in shared memory" else NO_CACHE, local)


TOKEN = claims(jti="token-1", sid="session-1")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.JTI, "token-1"),
        (Kind.SUBJECT, "alice"),
        (Kind.SESSION, "session-1"),
        (Kind.KEY, "key-1"),
        (Kind.KEY, "its thumbprint"),
    ],
)
def test_revoked_by_each_of_its_names(sidecar: Sidecar, kind: Kind, value: str) -> None:
    """A token that was let in before is refused as soon as one of its names is on the list, and as RFC 6750 has it."""
    token = mint(TOKEN)
    assert sidecar.ask(token).allowed
    # Not among the parameters: it is another one in each test process.
    thumbprint = base64url.encode(pair().public.thumbprint).decode()
    sidecar.revoker.revoke(kind, thumbprint if value == "its thumbprint" else value)
    answer = sidecar.ask(token)
    assert (answer.status, answer.reason) == (401, "token_revoked")
    assert 'error="invalid_token"' in str(answer.header("www-authenticate"))
    assert sidecar.ask(mint(claims(sub="bob", jti="token-2", sid="session-2"))).allowed is (kind is not Kind.KEY)


@pytest.mark.parametrize(
    ("kind", "value", "of"),
    [
        (Kind.JTI, "token-1", "https://other.example"),
        (Kind.JTI, "token-1 ", None),
        (Kind.JTI, "Token-1", None),
        (Kind.SUBJECT, "token-1", None),
        (Kind.SESSION, "alice", None),
        (Kind.JTI, "alice", None),
        (Kind.ISSUED_BEFORE, "alice", None),
        (Kind.KEY, "key-2", None),
    ],
)
def test_other_names_are_not_taken_for_it(sidecar: Sidecar, kind: Kind, value: str, of: str | None) -> None:
    """Another issuer's, another kind's or another value's entry revokes nothing of this one."""
    sidecar.revoker.revoke(kind, value, issuer=of or ISSUER)
    assert sidecar.ask(mint(TOKEN)).allowed


@pytest.mark.parametrize(
    ("issued", "before", "allowed"),
    [
        (NOW - 10, NOW - 9, False),
        (NOW - 10, NOW - 10, True),
        (NOW - 9.5, NOW - 9, False),
        (-5, 1, False),
        (ABSENT, 1, False),
    ],
)
@pytest.mark.parametrize("subject", ["", "alice"])
def test_cut_off(sidecar: Sidecar, issued: object, before: float, allowed: bool, subject: str) -> None:  # noqa: FBT001
    """What was issued before it is refused, of one subject or of all; so is what does not say when that was."""
    token = mint(claims(iat=issued))
    assert sidecar.ask(token).allowed
    sidecar.revoker.cut_off(int(before), subject)
    assert sidecar.ask(token).allowed is allowed


def test_cut_off_only_rises(sidecar: Sidecar) -> None:
    """An earlier cut-off that comes later takes nothing back."""
    token = mint(claims(iat=NOW - 10))
    sidecar.revoker.cut_off(int(NOW), "alice")
    sidecar.revoker.cut_off(int(NOW) - 1000, "alice")
    assert sidecar.ask(token).reason == "token_revoked"
    assert sidecar.ask(mint(claims(sub="bob", iat=NOW - 10))).allowed


def test_ecdsa_in_its_other_form() -> None:
    """An ECDSA signature's second form makes another text of the same token, and it is revoked all the same."""
    key = pair(Algorithm.ES256)
    token = mint(claims(jti="token-1"), key)
    signature = base64url.decode(token.rpartition(".")[2].encode())
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    other = signature[:32] + (order - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    twin = f"{token.rpartition('.')[0]}.{base64url.encode(other).decode()}"
    with revoking() as revoker:
        sidecar = Sidecar(revoker, NO_CACHE, LocalCache(10))
        sidecar.trust = trust(issuers=[issuer([key.public])])
        assert sidecar.ask(twin).allowed
        revoker.revoke(Kind.JTI, "token-1")
        assert [sidecar.ask(text).reason for text in (token, twin)] == ["token_revoked"] * 2


def test_others_are_looked_up_again_and_not_verified_again(sidecar: Sidecar) -> None:
    """One revocation costs others one look into the list each, not a signature, and the next check nothing."""
    token, other = mint(TOKEN), mint(claims(sub="bob"))
    assert sidecar.ask(other).allowed
    signatures = sidecar.signatures
    sidecar.revoker.revoke(Kind.JTI, "token-1")
    assert sidecar.ask(other).allowed
    looked = sidecar.denylist.look_ups
    assert sidecar.ask(other).allowed
    if isinstance(sidecar.checker._recent, LocalCache) and len(sidecar.checker._recent):
        assert (sidecar.signatures, looked, sidecar.denylist.look_ups) == (signatures, 2, 2)
    assert sidecar.ask(token).reason == "token_revoked"


def test_empty_list_is_not_looked_into() -> None:
    """As long as nothing was ever revoked, what is remembered is looked up once."""
    with revoking() as revoker:
        sidecar = Sidecar(revoker, NO_CACHE, LocalCache(10))
        token = mint(TOKEN)
        assert all(sidecar.ask(token).allowed for _ in range(5))
        assert sidecar.denylist.look_ups == 1


def test_entry_ends(sidecar: Sidecar) -> None:
    """A revoked token is refused up to the entry's end, and no longer."""
    token = mint(claims(exp=NOW + 100_000))
    sidecar.revoker.revoke(Kind.SUBJECT, "alice", until=LATER)
    assert [sidecar.ask(token, now).allowed for now in (NOW, LATER - 1, LATER, LATER + 1)] == [False, False, True, True]


def test_clock_that_was_ahead(sidecar: Sidecar) -> None:
    """An entry that was over by a clock that was ahead is in force again when that is set right."""
    token = mint(claims(exp=NOW + 100_000))
    sidecar.revoker.revoke(Kind.SUBJECT, "alice", until=LATER)
    assert sidecar.ask(token, LATER + 1).allowed
    assert sidecar.ask(token).reason == "token_revoked"


def test_revoked_during_the_wait_for_its_signature(sidecar: Sidecar) -> None:
    """What is revoked while its signature is checked is refused when that comes back good."""
    step = sidecar.checker.begin(with_token(mint(TOKEN)), NOW)
    assert isinstance(step, Verify)
    sidecar.revoker.revoke(Kind.JTI, "token-1")
    answer = read_answer(finish(step.resume(verdict(step), NOW)).response)
    assert answer.reason == "token_revoked"


def test_list_that_nobody_vouches_for(sidecar: Sidecar) -> None:
    """Where revocations may be missing nobody is let in; what is known to be revoked is told as that."""
    good, bad = mint(claims(sub="bob")), mint(TOKEN)
    assert sidecar.ask(good).allowed
    sidecar.revoker.revoke(Kind.JTI, "token-1")
    sidecar.revoker.writer.vouch(NOW + 5)
    assert sidecar.ask(good, NOW + 4).allowed
    answer = sidecar.ask(good, NOW + 5)
    assert (answer.status, answer.reason) == (503, "revocation_unknown")
    assert answer.header("www-authenticate") is None
    assert sidecar.ask(bad, NOW + 5).reason == "token_revoked"
    sidecar.revoker.writer.vouch(math.inf)
    assert sidecar.ask(good, NOW + 5).allowed


def test_what_needs_no_token_is_not_looked_up() -> None:
    """A public operation is let in whatever is on the list, and whether it is known or not."""
    with revoking() as revoker:
        sidecar = Sidecar(revoker, NO_CACHE, LocalCache(10))
        sidecar.trust = trust(policy_set(public=[{"paths": ["/open"]}]))
        revoker.writer.vouch(0)
        answer = read_answer(finish(sidecar.checker.begin(check_request(path="/open"), NOW)).response)
        assert answer.reason == "public_path"
        assert sidecar.denylist.look_ups == 0


_TEXT = st.text(max_size=12)
_NAMES = st.builds(Name, _TEXT, st.sampled_from(Kind), _TEXT)


@given(_NAMES, _NAMES)
def test_different_names_have_different_digests(one: Name, other: Name) -> None:
    """No issuer and value can be cut in another place: only the same name has the same digest."""
    assert (digest(KEY, one) == digest(KEY, other)) is (one == other)


@given(st.lists(_NAMES, min_size=1, max_size=5))
def test_digests_are_those_of_bulk_hashing(names: list[Name]) -> None:
    """What control hashes in bulk and what a check looks for are the same bytes."""
    rows = joined(length_prefixed(name.issuer.encode(), name.kind.encode(), name.value.encode()) for name in names)
    found = hash_rows(Hash.BLAKE2B_128, *rows, KEY)
    assert [row.tobytes() for row in found] == [digest(KEY, name) for name in names]
