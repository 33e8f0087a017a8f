"""A token is taken from where its issuer's tokens come from, and from nowhere else, remembered or not."""

from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.core.check import Checker
from sidecar.core.needs import Verify
from sidecar.core.source import BEARER, Source
from sidecar.core.trust import Trust
from sidecar.engine.local_cache import LocalCache
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.memory.cache import SharedCache
from sidecar.memory.segment import create
from support.answers import Answer, read_answer
from support.checks import decide, finish
from support.requests import check_request, with_token
from support.tokens import NOW, claims, mint
from support.trusts import issuer, policy_set, trust

COOKIE = Source("cookie", "session")
QUERY = Source("query", "access_token")
KEY = Source("header", "x-token")
OTHER = "https://other.example"


def two(**response: Any) -> Trust:  # noqa: ANN401 - any field
    """Return a trust in an issuer whose tokens come in a cookie, and in one whose come in Authorization."""
    issuers = [issuer(sources=frozenset({COOKIE})), issuer(issuer=OTHER, sources=frozenset({BEARER}))]
    return trust(issuers=issuers, **response)


def in_cookie(token: str, others: str = "") -> bytes:
    """Return a request with a token in the cookie."""
    return check_request(headers={"cookie": f"session={token}{others}"})


class Process:
    """A server with both caches, whose trust may be replaced."""

    def __init__(self, shared: SharedCache, in_force: Trust) -> None:
        self.trust, self.signatures = in_force, 0
        self._checker = Checker(lambda: self.trust, SharedTokenCache(shared, bytes(32)), LocalCache(100))

    def ask(self, raw: bytes) -> Answer:
        """Check to the end."""
        step = self._checker.begin(raw, NOW)
        self.signatures += isinstance(step, Verify)
        return read_answer(finish(step).response)


@pytest.fixture
def shared() -> Iterator[SharedCache]:
    """Return an empty shared cache."""
    with create(1 << 20) as segment:
        yield SharedCache(segment, 7)


def test_each_issuer_has_its_place() -> None:
    """The token of one issuer is taken from its place and not from the other's."""
    ours, theirs = mint(), mint(claims(iss=OTHER))
    assert decide(in_cookie(ours), two()).allowed
    assert decide(with_token(theirs), two()).allowed
    assert decide(with_token(ours), two()).reason == "wrong_source"
    assert decide(in_cookie(theirs), two()).reason == "wrong_source"


def test_remembered_token_is_not_taken_from_elsewhere(shared: SharedCache) -> None:
    """What was found good in a cookie is good there alone, in this process and in another one."""
    first, second = Process(shared, two()), Process(shared, two())
    token = mint()
    assert [one.ask(in_cookie(token)).allowed for one in (first, first, second)] == [True] * 3
    assert [one.ask(with_token(token)).reason for one in (first, second)] == ["wrong_source"] * 2
    assert (first.signatures, second.signatures) == (1, 0)


def test_one_look_for_a_known_credential(shared: SharedCache) -> None:
    """The second time nothing is looked up in shared memory, whatever other cookies there are."""
    process = Process(shared, two())
    token = mint()
    assert process.ask(in_cookie(token)).allowed
    before = shared.counts.hits + shared.counts.misses
    assert process.ask(in_cookie(token, "; theme=dark")).allowed
    assert shared.counts.hits + shared.counts.misses == before


def test_place_that_is_taken_away(shared: SharedCache) -> None:
    """Once an issuer's place is gone from the configuration, what was remembered from there is refused."""
    process = Process(shared, two())
    token = mint()
    assert process.ask(in_cookie(token)).allowed
    process.trust = trust()
    assert process.ask(in_cookie(token)).reason == "no_credential"
    assert process.ask(with_token(token)).allowed
    process.trust = two()
    assert process.ask(with_token(token)).reason == "wrong_source"
    assert process.ask(in_cookie(token)).allowed


def test_cookie_reaches_the_upstream_or_not() -> None:
    """Without forward_token the upstream gets the other cookies alone, and no header where there are none."""
    settings = {"token_cookies": ("session",), "forward_token": False}
    kept = decide(in_cookie(mint(), "; theme=dark; lang=de"), two(**settings))
    assert kept.header("cookie") == "theme=dark; lang=de"
    assert "cookie" not in kept.removed
    alone = decide(in_cookie(mint()), two(**settings))
    assert (alone.header("cookie"), "cookie" in alone.removed) == (None, True)
    assert "authorization" in alone.removed
    forwarded = decide(in_cookie(mint()), two(token_cookies=("session",)))
    assert (forwarded.header("cookie"), "cookie" in forwarded.removed) == (None, False)


def test_known_cookie_is_taken_off_each_time(shared: SharedCache) -> None:
    """An answer that is remembered for one request's cookies is not given to another's."""
    process = Process(shared, two(token_cookies=("session",), forward_token=False))
    token = mint()
    for rest in ("a=1", "b=2", "c=3"):
        assert process.ask(in_cookie(token, f"; {rest}")).header("cookie") == rest


@pytest.mark.parametrize("text", ["session=x; a=1", "a=1; Session=x", "a=1; session%20=x; sessio%6E=x"])
def test_public_path_gets_no_cookie_either(text: str) -> None:
    """On a public path whatever looks like the credential's cookie is taken off as well."""
    public = policy_set(public=[{"paths": ["/*"]}])
    one = trust(public, [issuer(sources=frozenset({COOKIE}))], token_cookies=("session",), forward_token=False)
    answer = decide(check_request(headers={"cookie": text}), one)
    assert answer.reason == "public_path"
    kept = answer.header("cookie") or ""
    assert "a=1" in kept
    assert "x" not in kept


@pytest.mark.parametrize("forwarded", [True, False])
def test_parameter_never_reaches_the_upstream(forwarded: bool) -> None:  # noqa: FBT001 - a table
    """A token in the query is taken off it by Envoy, and where there is none the query stays as it came."""
    one = trust(
        issuers=[issuer(sources=frozenset({QUERY, BEARER}))],
        token_parameters=("access_token",),
        forward_token=forwarded,
    )
    answer = decide(check_request(path=f"/a?x=1&access_token={mint()}"), one)
    assert (answer.allowed, answer.parameters) == (True, ("access_token",))
    assert decide(with_token(mint(), path="/a?x=1"), one).parameters == ()


def test_header_of_its_own() -> None:
    """Without forward_token a header with credentials is taken off, on every request."""
    one = trust(
        issuers=[issuer(sources=frozenset({KEY}))], token_headers=("authorization", "x-token"), forward_token=False
    )
    answer = decide(check_request(headers={"x-token": mint()}), one)
    assert answer.allowed
    assert {"x-token", "authorization"} <= set(answer.removed)


def test_what_envoy_must_send() -> None:
    """The headers that credentials come in are among those that Envoy has to send."""
    one = trust(issuers=[issuer(sources=frozenset({COOKIE, KEY, QUERY}))])
    assert {"cookie", "x-token"} <= one.headers_read
    assert not {"query", "access_token"} & one.headers_read
