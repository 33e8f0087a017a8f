"""What minted tokens say."""

import json
import math

import pytest
from tokens.keyfiles import minting

from sidecar.core import base64url
from sidecar.core.algorithm import Algorithm
from sidecar.core.strict_json import Json, loads_object
from sidecar.tokens.claims import Terms, encode_header, encode_part
from support.tokens import NOW

TERMS = Terms("https://issuer.example", 60)


def test_complete() -> None:
    """The issuer adds its name, the times as whole seconds, and an id; what was given stays."""
    given: dict[str, Json] = {"sub": "alice", "aud": "orders", "scope": "read"}
    claims = TERMS.complete(given, NOW + 0.75)
    assert claims.pop("jti")
    now = int(NOW)
    assert claims == {**given, "iss": "https://issuer.example", "iat": now, "nbf": now, "exp": now + 60}


def test_ids() -> None:
    """No two tokens have one id, each of 128 bits."""
    ids = [str(TERMS.complete({"sub": "a", "aud": "b"}, NOW)["jti"]) for _ in range(100)]
    assert len(set(ids)) == 100
    assert all(len(base64url.decode(one.encode())) == 16 for one in ids)


@pytest.mark.parametrize("name", ["iss", "iat", "nbf", "exp", "jti"])
def test_not_the_callers(name: str) -> None:
    """What is the issuer's to say nobody else says."""
    with pytest.raises(ValueError, match=f"claim {name} is given"):
        TERMS.complete({"sub": "a", "aud": "b", name: 1}, NOW)


@pytest.mark.parametrize("value", [None, "", 1, [], [""], ["a", 1], {}, True])
def test_no_audience(value: Json) -> None:
    """A token that is for nobody in particular is not minted."""
    with pytest.raises(ValueError, match="claim aud"):
        TERMS.complete({"sub": "a", "aud": value}, NOW)


@pytest.mark.parametrize("value", [None, "", 1, ["a"], True])
def test_no_subject(value: Json) -> None:
    """Nor is one about nobody."""
    with pytest.raises(ValueError, match="claim sub"):
        TERMS.complete({"sub": value, "aud": ["b", "c"]}, NOW)


@pytest.mark.parametrize(
    ("issuer", "lifetime", "typ"), [("", 60, "JWT"), ("i", 0, "JWT"), ("i", -1, "JWT"), ("i", 1, "")]
)
def test_no_terms(issuer: str, lifetime: int, typ: str) -> None:
    """Terms under which no verifier would take a token are none."""
    with pytest.raises(ValueError, match="must not be empty, lifetime at least 1"):
        Terms(issuer, lifetime, typ)


def test_header() -> None:
    """The header names algorithm, key and type, and nothing else."""
    key = minting(Algorithm.PS256, "k").public
    header = json.loads(base64url.decode(encode_header(key, "at+jwt")))
    assert header == {"alg": "PS256", "kid": "k", "typ": "at+jwt"}


def test_text() -> None:
    """What every reader of JSON reads alike is encoded; what it does not is refused."""
    value: dict[str, Json] = {"name": "Zoë", "emoji": "🙂", "n": 1.5, "none": None}
    assert loads_object(base64url.decode(encode_part(value))) == value
    for bad in ({"a": math.nan}, {"a": math.inf}, {"a": "\ud800"}):
        with pytest.raises(ValueError, match=r"JSON|surrogates"):
            encode_part(bad)
