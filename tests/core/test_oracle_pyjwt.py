"""PyJWT as the independent judge: what it refuses we refuse, but for a listed difference, and what is good passes.

PyJWT reads the clock itself, so that the clock it sees is replaced; nothing else of it is.
"""

from datetime import datetime, tzinfo
from typing import Any, Final

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt import api_jwt

from sidecar.core.algorithm import Algorithm
from support.checks import decide
from support.keypairs import pair
from support.requests import with_token
from support.tokens import ABSENT, AUDIENCE, ISSUER, NOW, claims, forge
from support.trusts import issuer, trust

_SKEW = 30
_ALGORITHMS = (Algorithm.EDDSA, Algorithm.ES256, Algorithm.ES384, Algorithm.RS256, Algorithm.PS512)
_KEYS = {algorithm: pair(algorithm, key_id=algorithm.value) for algorithm in _ALGORITHMS}
_TRUST = trust(issuers=[issuer([key.public for key in _KEYS.values()])])
#: What PyJWT refuses and we take. RFC 9864 gives Ed25519 a name of its own, which PyJWT knows only if it is registered.
_OUR_ALGORITHM_NAMES: Final = {"Ed25519"}


class _Clock(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "_Clock":
        return cls.fromtimestamp(NOW, tz)


def _pyjwt_takes(token: str, signer: Algorithm) -> bool:
    """Ask PyJWT, with the key that signed, since which key a token may name is not its business."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(api_jwt, "datetime", _Clock)
        try:
            jwt.decode(
                token,
                _KEYS[signer].private.public_key(),
                algorithms=[signer.value],
                audience=[AUDIENCE],
                issuer=[ISSUER],
                leeway=_SKEW,
                options={"require": ["exp", "sub", "iss", "aud"]},
            )
        except (jwt.PyJWTError, TypeError, ValueError, AttributeError, OverflowError):
            return False
    return True


def _we_take(token: str) -> bool:
    return decide(with_token(token), _TRUST).allowed


_TIME: st.SearchStrategy[Any] = st.one_of(
    st.integers(-40, 40).map(lambda offset: int(NOW) + offset),
    st.floats(-40, 40).map(lambda offset: NOW + offset),
    st.sampled_from(
        [0, -1, -0.5, 0.5, 1e308, -1e308, 10**300, 10**400, True, False, None, "", "1750000100", "x", [], {}]
    ),
    st.just(ABSENT),
)
_STRINGS = st.sampled_from(["", "alice", "é", "a\nb", " ", AUDIENCE, ISSUER, ISSUER + "/", AUDIENCE.upper(), "other"])
_NO_STRING = st.sampled_from([None, 0, 1, 1.5, True, False, [], {}, ["alice"], {"a": 1}, ABSENT])
_AUDIENCES = st.lists(_STRINGS | st.sampled_from([1, None, [AUDIENCE]]), max_size=3)

_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "exp": _TIME,
        "nbf": _TIME,
        "iat": _TIME,
        "sub": _STRINGS | _NO_STRING,
        "jti": _STRINGS | _NO_STRING,
        "aud": _STRINGS | _NO_STRING | _AUDIENCES,
        "iss": _STRINGS | _NO_STRING,
        "group": _STRINGS | _NO_STRING,
    },
)
_HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "alg": st.sampled_from([*Algorithm, "none", "None", "HS256", "Ed25519", "eddsa", "", None, 1, ["EdDSA"]]),
        "kid": st.sampled_from([None, 1, "", "other", [], *(algorithm.value for algorithm in _ALGORITHMS)]),
        "typ": st.sampled_from(["JWT", "at+jwt", None, 1]),
        "crit": st.sampled_from([[], ["exp"], ["b64"], None, "b64"]),
        "b64": st.sampled_from([True, False, None]),
        "jwk": st.just(pair(owner="attacker").jwk),
        "zip": st.just("DEF"),
    },
)


def _header(signer: Algorithm, changes: dict[str, Any]) -> dict[str, Any]:
    return {"alg": signer.value, "kid": signer.value} | changes


def _hold(token: str, signer: Algorithm, named: object) -> None:
    if not _pyjwt_takes(token, signer):
        assert not _we_take(token) or named in _OUR_ALGORITHM_NAMES


@settings(max_examples=1000)
@given(st.sampled_from(_ALGORITHMS), _CHANGES)
def test_claims(signer: Algorithm, changes: dict[str, Any]) -> None:
    """A well signed token whose claims PyJWT refuses is refused here."""
    _hold(forge(_header(signer, {}), claims(**changes), _KEYS[signer]), signer, signer.value)


@settings(max_examples=600)
@given(st.sampled_from(_ALGORITHMS), _HEADERS)
def test_headers(signer: Algorithm, changes: dict[str, Any]) -> None:
    """A token whose header PyJWT refuses is refused here, but for the algorithm's new name."""
    header = _header(signer, changes)
    named = header["alg"]
    _hold(forge(header, claims(), _KEYS[signer]), signer, named if isinstance(named, str) else None)


@settings(max_examples=600)
@given(st.sampled_from(_ALGORITHMS), st.integers(min_value=0), st.text("AZaz09-_.=+/", max_size=3), st.integers(0, 3))
def test_tampering(signer: Algorithm, place: int, inserted: str, removed: int) -> None:
    """A token that was changed and that PyJWT refuses is refused here."""
    token = forge(_header(signer, {}), claims(), _KEYS[signer])
    place %= len(token) + 1
    _hold(token[:place] + inserted + token[place + removed :], signer, signer.value)


_GOOD = st.fixed_dictionaries(
    {
        "exp": st.integers(int(NOW) - _SKEW + 1, int(NOW) + 10**6) | st.floats(NOW + 1, NOW + 1e6),
        "sub": st.text(st.sampled_from("abcé@. -|/:").filter(lambda one: one != " "), min_size=1, max_size=10),
        "aud": st.just(AUDIENCE) | st.lists(st.text(max_size=5), max_size=3).map(lambda others: [*others, AUDIENCE]),
    },
    optional={
        "nbf": st.integers(0, int(NOW) + _SKEW) | st.floats(0, NOW),
        "iat": st.integers(0, int(NOW) + _SKEW) | st.floats(0, NOW),
        "jti": st.text(min_size=1, max_size=10),
        "group": st.lists(st.text(max_size=5), max_size=3),
        "data": st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.floats(-1e9, 1e9), max_size=3),
    },
)


@settings(max_examples=600)
@given(st.sampled_from(_ALGORITHMS), _GOOD, st.booleans())
def test_good_tokens(signer: Algorithm, good: dict[str, Any], named: bool) -> None:  # noqa: FBT001 - drawn
    """A good token of any shape passes, with PyJWT and here, whether it names its key or not."""
    header = _header(signer, {}) if named else {"alg": signer.value}
    token = forge(header, claims(**good), _KEYS[signer])
    assert _pyjwt_takes(token, signer)
    assert _we_take(token)


def test_the_listed_difference() -> None:
    """``Ed25519`` as ``alg`` is taken here and not by PyJWT: the list above is no longer than it must be."""
    token = forge({"alg": "Ed25519", "kid": "EdDSA"}, claims(), _KEYS[Algorithm.EDDSA])
    assert (_pyjwt_takes(token, Algorithm.EDDSA), _we_take(token)) == (False, True)


@pytest.mark.parametrize("name", ["sub", "jti"])
@pytest.mark.parametrize("value", [1, None, True, ["a"], {"a": 1}, 1.5], ids=repr)
def test_names_that_are_not_strings(name: str, value: object) -> None:
    """A ``sub`` or ``jti`` that is not a string is refused here as it is by PyJWT."""
    token = forge(_header(Algorithm.EDDSA, {}), claims(**{name: value}), _KEYS[Algorithm.EDDSA])
    assert (_pyjwt_takes(token, Algorithm.EDDSA), _we_take(token)) == (False, False)
