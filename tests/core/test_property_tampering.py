"""A token that was changed in any byte never verifies; a token is good in one spelling."""

from base64 import urlsafe_b64decode

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.algorithm import Algorithm
from support.checks import decide
from support.keypairs import pair
from support.requests import with_token
from support.tokens import claims, forge, mint, part
from support.trusts import issuer, trust

_ALGORITHMS = (Algorithm.EDDSA, Algorithm.ES256, Algorithm.PS256)
_KEYS = {algorithm: pair(algorithm, key_id=algorithm.value) for algorithm in _ALGORITHMS}
_TRUST = trust(issuers=[issuer([key.public for key in _KEYS.values()])])
_TOKENS = [mint(key=key) for key in _KEYS.values()]

_ANY = st.characters(codec="utf-8")
_CHARACTER = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \t") | _ANY


def _allowed(token: str) -> bool:
    return decide(with_token(token), _TRUST).allowed


def test_untouched() -> None:
    """The tokens that are tampered with below are good."""
    assert all(map(_allowed, _TOKENS))


@given(st.sampled_from(_TOKENS), st.data())
def test_one_character(token: str, data: st.DataObject) -> None:
    """Replacing, inserting or deleting one character anywhere makes a good token bad."""
    place = data.draw(st.integers(0, len(token)))
    removed = data.draw(st.integers(0, 1))
    inserted = data.draw(_CHARACTER | st.just("") if removed else _CHARACTER)
    changed = token[:place] + inserted + token[place + removed :]
    # Spaces after the scheme belong to the header, not to the token (RFC 9110, section 11.4).
    assert _allowed(changed) is (changed.lstrip(" ") == token)


@given(st.sampled_from(_TOKENS), st.integers(min_value=0), st.integers(0, 7))
def test_one_bit(token: str, place: int, bit: int) -> None:
    """Flipping one bit of the decoded signature makes a good token bad."""
    signing_input, _, text = token.rpartition(".")
    signature = bytearray(_decoded(text))
    signature[place % len(signature)] ^= 1 << bit
    assert not _allowed(f"{signing_input}.{part(bytes(signature)).decode()}")


@given(st.sampled_from(_TOKENS), st.sampled_from(_TOKENS), st.sampled_from([0, 1, 2]))
def test_parts_of_two_tokens(one: str, other: str, place: int) -> None:
    """A part of another good token does not fit."""
    parts = one.split(".")
    parts[place] = other.split(".")[place]
    mixed = ".".join(parts)
    assert _allowed(mixed) is (mixed in _TOKENS)


@given(
    st.sampled_from(_ALGORITHMS),
    st.sampled_from([*Algorithm, "none", "HS256", "Ed25519"]),
    st.sampled_from([*(algorithm.value for algorithm in _ALGORITHMS), None, "other"]),
)
def test_algorithm_confusion(signer: Algorithm, named: str, kid: str | None) -> None:
    """A token is good only if it names the algorithm it was signed with, and the key or no key."""
    header = {"alg": str(named)} | ({} if kid is None else {"kid": kid})
    token = forge(header, claims(), _KEYS[signer])
    same = named == signer or (named == "Ed25519" and signer is Algorithm.EDDSA)
    assert _allowed(token) is (same and kid in {signer.value, None})


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
