"""Headers that are not read again: those of tokens whose signatures were good, and they come to what they came to."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.core import jws
from sidecar.core.reason import Reason, Refusal
from support.checks import decide, pending, verdict
from support.requests import with_token
from support.tokens import NOW, claims, forge, mint, part
from support.trusts import trust

_TRUST = trust()


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jws, "KNOWN_HEADERS", {})


def _header(token: str) -> bytes:
    return token.encode().partition(b".")[0]


def _outcome(token: bytes) -> object:
    try:
        return jws.parse(token, 8192)
    except Refusal as refusal:
        return refusal.reason, refusal.detail


def test_only_those_of_good_signatures() -> None:
    """Nothing is remembered of a token that waits for its verdict, nor of one whose verdict is bad or another's."""
    need = pending(with_token(mint()), _TRUST)
    assert not jws.KNOWN_HEADERS
    need.resume(replace(verdict(need), valid=False), NOW)
    need.resume(replace(verdict(need), token_digest=bytes(32)), NOW)
    assert not jws.KNOWN_HEADERS
    need.resume(verdict(need), NOW)
    assert list(jws.KNOWN_HEADERS) == [_header(mint())]


def test_known_header_lets_nobody_in() -> None:
    """A token with the header of a good one has its own signature looked at, and its own claims."""
    assert decide(with_token(mint()), _TRUST).allowed
    header, payload, _ = mint(claims(sub="mallory")).split(".")
    assert decide(with_token(f"{header}.{payload}.{part(bytes(64)).decode()}"), _TRUST).reason == "bad_signature"
    assert decide(with_token(mint(claims(iss="https://other.example"))), _TRUST).reason == "unknown_issuer"


def test_are_few() -> None:
    """However many headers a trusted issuer makes up, few are kept, and no long one."""
    for number in range(200):
        jws.remember_header(jws.parse(forge({"alg": "EdDSA", "kid": f"{number}"}, {}).encode(), 8192))
    assert 1 <= len(jws.KNOWN_HEADERS) <= 64
    long = forge({"alg": "EdDSA", "x": "y" * 1000}, {})
    jws.remember_header(jws.parse(long.encode(), 8192))
    assert _header(long) not in jws.KNOWN_HEADERS


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2), st.integers(0, 400), st.binary(max_size=3), st.integers(0, 3), st.booleans())
def test_all_else_is_read_as_ever(place: int, at: int, junk: bytes, taken: int, doubled: bool) -> None:  # noqa: FBT001 - drawn
    """Whatever is done to a token, what is said of it is the same whether its header is known or not."""
    good = mint().encode()
    parts = good.split(b".")
    at = min(at, len(parts[place]))
    parts[place] = parts[place][:at] + junk + parts[place][at + taken :]
    changed = b".".join([*parts, parts[1]] if doubled else parts)
    jws.KNOWN_HEADERS.clear()
    before = _outcome(changed)
    jws.remember_header(jws.parse(good, 8192))
    assert _outcome(changed) == before


def test_order_of_reasons() -> None:
    """With a known header as without: first what is malformed, then the signature's length."""
    header, payload, _ = mint().split(".")
    jws.remember_header(jws.parse(mint().encode(), 8192))
    for token, reason in (
        (f"{header}.{payload}=.{part(b'short').decode()}", Reason.TOKEN_MALFORMED),
        (f"{header}.{payload}.=", Reason.TOKEN_MALFORMED),
        (f"{header}.{payload}.{part(b'short').decode()}", Reason.BAD_SIGNATURE),
    ):
        with pytest.raises(Refusal) as refused:
            jws.parse(token.encode(), 8192)
        assert refused.value.reason is reason
