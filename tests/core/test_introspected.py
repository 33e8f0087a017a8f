"""Opaque tokens: when their issuer is asked, what of its answer is believed, and for how long."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.cache import NO_CACHE, TokenCache
from sidecar.core.check import Checker
from sidecar.core.introspection import Client, Introspection, Reference
from sidecar.core.keys import key_set
from sidecar.core.needs import Decided, Introspect, Introspected, Step, Verify
from sidecar.core.reason import OUTCOMES
from sidecar.core.source import BEARER, Source
from sidecar.core.trust import Issuer, Trust
from sidecar.engine.local_cache import LocalCache
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.memory.cache import SharedCache
from sidecar.memory.segment import create
from support.answers import Answer, read_answer
from support.requests import check_request, with_token
from support.tokens import AUDIENCE, ISSUER, NOW, claims, forge, mint
from support.trusts import ALLOW_ALL, issuer, policy_set, trust

CLIENT = Client("client_secret_basic", "sidecar", Reference("file", "secret"))
TOKEN = "2YotnFZFEjr1zCsicMWpAA.with.dots.and~more"
OTHER = "https://other.example"


def endpoint(**changes: Any) -> Introspection:  # noqa: ANN401 - any field
    """Return an endpoint with ``changes``."""
    fields: dict[str, Any] = {"url": "https://as.example/introspect", "client": CLIENT}
    return Introspection(**fields | changes)


def asking(**changes: Any) -> Issuer:  # noqa: ANN401 - any field
    """Return an issuer without keys, which is asked."""
    return issuer([], introspection=endpoint(**changes), algorithms=frozenset())


def response(**changes: object) -> bytes:
    """Return a good answer with ``changes``; ``...`` takes a member out."""
    good: dict[str, object] = {"active": True, "sub": "alice", "aud": AUDIENCE, "exp": NOW + 600, "scope": "read"}
    return json.dumps({name: value for name, value in (good | changes).items() if value is not ...}).encode()


class Process:
    """A server: ``asked`` counts its questions, which ``body`` answers."""

    def __init__(self, in_force: Trust, tokens: TokenCache = NO_CACHE, body: bytes | None = None) -> None:
        self.trust, self.asked = in_force, 0
        self.body: bytes | None = response() if body is None else body
        self.bad = 0
        self.open = True
        self._checker = Checker(lambda: self.trust, tokens, LocalCache(100), self)

    def admits(self, source: str) -> bool:
        """Be its gate."""
        assert source == ""
        return self.open

    def failed(self, source: str) -> None:
        """Hear of a bad token."""
        assert source == ""
        self.bad += 1

    def begin(self, raw: bytes, now: float = NOW) -> Step:
        """Begin a check."""
        return self._checker.begin(raw, now)

    def ask(self, token: str = TOKEN, now: float = NOW, raw: bytes | None = None) -> Answer:
        """Check to the end."""
        step = self.begin(with_token(token) if raw is None else raw, now)
        while not isinstance(step, Decided):
            assert isinstance(step, Introspect), step
            self.asked += 1
            step = step.resume(Introspected(step.token_digest, step.trust_digest, self.body), now)
        return read_answer(step.response)


@pytest.fixture
def shared() -> Iterator[SharedTokenCache]:
    """Return an empty shared cache."""
    with create(1 << 20) as segment:
        yield SharedTokenCache(SharedCache(segment, 7), bytes(32))


def believed(body: bytes, in_force: Issuer | None = None) -> Answer:
    """Return what comes of an answer."""
    return Process(trust(issuers=[in_force or asking()]), body=body).ask()


def test_active_token() -> None:
    """A token that its issuer calls active speaks for its subject, with its scopes."""
    answer = believed(response())
    assert answer.allowed
    assert (answer.header("x-auth-subject"), answer.header("x-auth-issuer")) == ("alice", ISSUER)
    assert answer.header("x-auth-scopes") == "read"


@pytest.mark.parametrize("value", ["true", "True", 1, 1.0, [True], {"active": True}, None, ..., "", 0])
def test_active_is_true_alone(value: object) -> None:
    """What is neither JSON's true nor its false is no answer."""
    assert believed(response(active=value)).reason == "introspection_unavailable"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"true", b"[]", b"{", b'{"active": true, "active": false}', b"\xff", b'{"active": true}x', b"null"),
        *(b'\xef\xbb\xbf{"active": true}', b'{"active": NaN}', b"[" * 10_000),
    ],
)
def test_no_json_object(body: bytes) -> None:
    """What is no JSON object that every reader reads alike is no answer."""
    answer = believed(body)
    assert (answer.status, answer.reason) == (503, "introspection_unavailable")


def test_no_answer() -> None:
    """Without an answer the check is denied, and the next one asks again."""
    process = Process(trust(issuers=[asking()]), body=b"")
    process.body = None
    assert [process.ask().reason for _ in range(2)] == ["introspection_unavailable"] * 2
    assert process.asked == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"active": False}, "token_inactive"),
        ({"iss": OTHER}, "unknown_issuer"),
        ({"iss": 5}, "unknown_issuer"),
        ({"iss": None}, "unknown_issuer"),
        ({"aud": "billing"}, "wrong_audience"),
        ({"aud": []}, "wrong_audience"),
        ({"aud": ...}, "claim_missing"),
        ({"aud": 5}, "claim_invalid"),
        ({"exp": NOW - 31}, "token_expired"),
        ({"exp": ...}, "claim_missing"),
        ({"exp": "4000000000"}, "claim_invalid"),
        ({"nbf": NOW + 31}, "token_not_yet_valid"),
        ({"iat": NOW + 31}, "token_not_yet_valid"),
        ({"sub": ...}, "claim_missing"),
        ({"sub": 5}, "claim_invalid"),
        ({"token_type": "refresh_token"}, "wrong_token_type"),
        ({"token_type": 5}, "wrong_token_type"),
        ({"cnf": {"jkt": "x"}}, "proof_required"),
        ({"token_type": "DPoP"}, "proof_required"),
        ({"token_type": "dpop", "cnf": {"x5t#S256": "x"}}, "proof_required"),
        ({"token_type": "dpop", "cnf": {}}, "proof_required"),
        ({"scope": 5}, "allowed"),
        ({"iss": ISSUER}, "allowed"),
        ({"token_type": "Bearer"}, "allowed"),
        ({"token_type": "bearer"}, "allowed"),
        ({"aud": ["billing", AUDIENCE]}, "allowed"),
    ],
)
def test_members(changes: dict[str, object], reason: str) -> None:
    """What an issuer says beside "active" is held against what it was trusted for."""
    assert believed(response(**changes)).reason == reason


def test_what_may_be_missing() -> None:
    """Audience and expiry may be missing where that is configured; given ones count all the same."""
    loose = asking(optional=frozenset({"aud", "exp"}))
    assert believed(response(aud=..., exp=...), loose).allowed
    assert believed(response(aud="billing"), loose).reason == "wrong_audience"
    assert believed(response(exp=NOW - 31), loose).reason == "token_expired"
    assert believed(response(aud=None, exp=...), loose).allowed
    assert believed(response(exp=None), loose).reason == "claim_invalid"


def test_remembered_in_this_process_and_in_others(shared: SharedTokenCache) -> None:
    """A token is asked about once, for all processes."""
    first, second = (Process(trust(issuers=[asking()]), shared) for _ in range(2))
    assert [one.ask().header("x-auth-subject") for one in (first, first, second, second)] == ["alice"] * 4
    assert (first.asked, second.asked) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "cache", "lasts"),
    [({}, 60.0, 60), ({}, 1000.0, 600), ({"exp": NOW + 5}, 60.0, 5), ({"exp": ...}, 60.0, 60), ({}, 0.0, 0)],
)
def test_how_long_a_yes_stands(shared: SharedTokenCache, changes: dict[str, object], cache: float, lasts: int) -> None:
    """An answer stands for as long as is configured and no longer than the token, in either cache."""
    in_force = trust(issuers=[asking(max_cache=cache, optional=frozenset({"exp"}))])
    first, second = Process(in_force, shared, response(**changes)), Process(in_force, shared, response(**changes))
    assert first.ask().allowed
    first.ask(now=NOW + max(lasts - 0.5, 0))
    second.ask(now=NOW + max(lasts - 0.5, 0))
    assert (first.asked, second.asked) == ((1, 0) if lasts else (2, 1))
    again = Process(in_force, shared, response(active=False))
    first.body = again.body
    assert [one.ask(now=NOW + lasts + 0.5).allowed for one in (first, again)] == [False] * 2


def test_a_no_stands_for_a_while(shared: SharedTokenCache) -> None:
    """That a token is not active is remembered as long as is configured; nothing else that is refused is."""
    in_force = trust(issuers=[asking(negative_cache=10.0)])
    process = Process(in_force, shared, response(active=False))
    assert [process.ask(now=NOW + later).reason for later in (0, 1, 9.9)] == ["token_inactive"] * 3
    assert process.asked == 1
    process.body = response()
    assert process.ask(now=NOW + 10.1).allowed
    assert process.bad == 1


def test_no_is_not_remembered_where_that_is_switched_off(shared: SharedTokenCache) -> None:
    """Without a time for it each inactive token is asked about."""
    process = Process(trust(issuers=[asking(negative_cache=0.0)]), shared, response(active=False))
    assert [process.ask().reason for _ in range(3)] == ["token_inactive"] * 3
    assert process.asked == 3


def test_wrong_audience_is_not_remembered(shared: SharedTokenCache) -> None:
    """What an issuer's configuration refuses is asked about again."""
    process = Process(trust(issuers=[asking()]), shared, response(aud="billing"))
    assert [process.ask().reason for _ in range(2)] == ["wrong_audience"] * 2
    assert process.asked == 2


@pytest.mark.parametrize(
    "change", [{"url": "https://b.example/"}, {"max_cache": 30.0}, {"token_types": frozenset({"x"})}]
)
def test_other_endpoint_is_asked_anew(shared: SharedTokenCache, change: dict[str, Any]) -> None:
    """An answer counts under the configuration alone that it was given under."""
    process = Process(trust(issuers=[asking()]), shared)
    assert process.ask().allowed
    process.trust = trust(issuers=[asking(**change)])
    process.ask()
    assert process.asked == 2


def test_gate_is_asked_first() -> None:
    """Who is turned away is not asked about, and who is known does not notice."""
    process = Process(trust(issuers=[asking()]))
    assert process.ask().allowed
    process.open = False
    assert process.ask().allowed
    assert process.ask("another").reason == "overloaded"
    assert process.asked == 1


def both() -> Trust:
    """Return a trust in an issuer with keys and an endpoint, and in another one with keys alone."""
    ours = issuer(introspection=endpoint())
    return trust(issuers=[ours, issuer(issuer=OTHER)])


def test_jwts_beside_opaque_tokens() -> None:
    """A JWT of an issuer with keys is verified, whoever may be asked in the same place; all else is asked about."""
    process = Process(both())
    for token in (mint(), mint(claims(iss=OTHER)), mint(claims(iss="https://nobody.example"))):
        step = process.begin(with_token(token))
        assert isinstance(step, Decided | Verify)
    assert process.ask(TOKEN).allowed
    assert process.ask("a.b.c").allowed


def test_jwt_of_an_issuer_without_keys_is_asked_about() -> None:
    """Where there are no keys a JWT, of any algorithm, is as good as opaque; another issuer's is not asked about."""
    process = Process(trust(issuers=[asking(), issuer(issuer=OTHER)]))
    assert process.ask(mint()).allowed
    assert process.ask(forge({"alg": "HS256", "crit": ["x"]}, claims())).allowed
    assert isinstance(process.begin(with_token(mint(claims(iss=OTHER)))), Verify)
    assert process.ask(mint(claims(iss="https://nobody.example"))).reason == "unknown_issuer"


@pytest.mark.parametrize("kind", ["logout+jwt", "application/dpop+jwt", "", 5])
def test_type_of_a_jwt_that_is_asked_about(kind: object) -> None:
    """A logout token is active too: the types that are taken are those of the issuer, whoever verifies them."""
    process = Process(trust(issuers=[asking()]))
    assert process.ask(forge({"alg": "EdDSA", "typ": kind}, claims())).reason == "wrong_token_type"
    assert process.asked == 0
    assert process.ask(forge({"alg": "EdDSA", "typ": "application/AT+JWT"}, claims())).allowed


def test_clock_that_is_set_back(shared: SharedTokenCache) -> None:
    """A yes is not older than it may be because a clock went back: the issuer is asked again."""
    in_force = trust(issuers=[asking(max_cache=60.0)])
    first, second = Process(in_force, shared), Process(in_force, shared)
    assert first.ask().allowed
    assert [one.ask(now=NOW - 300).allowed for one in (first, second)] == [True, True]
    assert (first.asked, second.asked) in ((2, 0), (2, 1))


def test_only_from_its_place() -> None:
    """An opaque token from a place that is another issuer's is not asked about."""
    cookie = Source("cookie", "session")
    opaque = issuer([], introspection=endpoint(), algorithms=frozenset(), sources=frozenset({cookie}))
    process = Process(trust(issuers=[opaque, issuer(issuer=OTHER, sources=frozenset({BEARER}))]))
    assert process.ask(TOKEN).reason == "token_malformed"
    assert process.ask(raw=check_request(headers={"cookie": f"session={TOKEN}"})).allowed
    assert process.ask(TOKEN).reason == "token_malformed"
    assert process.asked == 1


def test_refusal_as_a_jwt_does_not_stand_for_an_opaque_token(shared: SharedTokenCache) -> None:
    """That a text is no JWT, remembered, says nothing about it as an opaque token."""
    cookie = Source("cookie", "session")
    opaque = issuer([], introspection=endpoint(), algorithms=frozenset(), sources=frozenset({cookie}))
    process = Process(trust(issuers=[opaque, issuer(issuer=OTHER)]), shared)
    assert process.ask(TOKEN).reason == "token_malformed"
    assert process.ask(raw=check_request(headers={"cookie": f"session={TOKEN}"})).allowed


def test_too_large_a_token_is_not_asked_about() -> None:
    """The limit of a token's size is for opaque ones too."""
    process = Process(trust(issuers=[asking()]))
    assert process.ask("a" * 8193).reason == "token_too_large"
    assert process.asked == 0


def test_answer_about_another_token_is_not_believed() -> None:
    """An answer that comes astray is an internal error."""
    process = Process(trust(issuers=[asking()]))
    step = process.begin(with_token(TOKEN))
    assert isinstance(step, Introspect)
    for digests in ((bytes(32), step.trust_digest), (step.token_digest, bytes(32))):
        ended = step.resume(Introspected(*digests, response()), NOW)
        assert isinstance(ended, Decided)
        assert read_answer(ended.response).reason == "internal_error"


def test_trust_that_changes_while_asking() -> None:
    """Under another Trust the check begins anew."""
    process = Process(trust(issuers=[asking()]))
    step = process.begin(with_token(TOKEN))
    assert isinstance(step, Introspect)
    process.trust = trust(policy_set([*ALLOW_ALL, {"name": "no", "action": "deny", "rules": [{}]}]), [asking()])
    again = step.resume(Introspected(step.token_digest, step.trust_digest, response()), NOW)
    assert isinstance(again, Introspect)
    assert again.trust_digest == process.trust.digest


def test_no_token_in_the_representation() -> None:
    """Neither need nor answer shows a token or what was said of it."""
    step = Process(trust(issuers=[asking()])).begin(with_token(TOKEN))
    assert isinstance(step, Introspect)
    assert TOKEN not in repr(step)
    assert "alice" not in repr(Introspected(b"", b"", response()))
    assert key_set(()).keys == ()


@given(
    st.binary(max_size=80)
    | st.dictionaries(st.text(max_size=6), st.integers() | st.text(max_size=4)).map(
        lambda members: json.dumps(members).encode()
    )
)
def test_any_answer(body: bytes) -> None:
    """Any bytes lead to a denial, unless they say yes in as many words."""
    answer = believed(body)
    assert not answer.allowed
    assert answer.status in {OUTCOMES[reason].status for reason in OUTCOMES}
