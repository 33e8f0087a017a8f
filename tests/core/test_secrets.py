"""No token in the repr of anything that may reach a log."""

import pytest

from sidecar.core.authenticate import read_candidate
from sidecar.core.jws import parse
from sidecar.core.lookup import Lookup
from sidecar.core.reason import Refusal
from sidecar.core.sent import read_sent
from support.checks import begin, finish, pending
from support.requests import with_token
from support.tokens import NOW, claims, mint
from support.trusts import trust

_TOKEN = mint()
_RAW = with_token(_TOKEN, path="/a?password=hunter2")


def _assert_secret(value: object) -> None:
    text = repr(value) + str(value)
    assert "hunter2" not in text
    for part in _TOKEN.split("."):
        assert part not in text
    token = parse(_TOKEN.encode(), 8192)
    assert repr(token.signature)[2:20] not in text


def test_request() -> None:
    """A request hides its headers and query, as sent and as admitted."""
    sent = read_sent(_RAW)
    _assert_secret(sent)
    _assert_secret(Lookup(trust()).find(sent)[0])


def test_token() -> None:
    """A parsed token hides its bytes."""
    _assert_secret(parse(_TOKEN.encode(), 8192))


def test_candidate() -> None:
    """A candidate hides its token's bytes."""
    _assert_secret(read_candidate(_TOKEN.encode(), trust(), NOW))


def test_need() -> None:
    """A request for verification hides what it carries and what it will go on with."""
    _assert_secret(pending(_RAW, trust()))


def test_decided() -> None:
    """A decision, with the response beside it, has no token."""
    _assert_secret(finish(begin(_RAW, trust())))


@pytest.mark.parametrize(
    "token",
    [_TOKEN + "!", _TOKEN + ".x", _TOKEN[:-1], mint(claims(iss="x")), mint(claims(aud="x")), mint(claims(exp=1))],
)
def test_refusals(token: str) -> None:
    """A refusal says what is wrong and not what was sent."""
    with pytest.raises(Refusal) as refused:
        read_candidate(token.encode(), trust(), NOW)
    _assert_secret(refused.value)
    for part in token.split("."):
        assert len(part) < 10 or part not in str(refused.value)


def test_response() -> None:
    """A denial's bytes have no token either."""
    decided = finish(begin(with_token(_TOKEN[:-1]), trust()))
    assert _TOKEN[:20] not in decided.response.decode("utf-8", "replace")
