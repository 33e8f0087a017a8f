"""Compact JWS: three parts in one spelling, a header that selects a key, a signature of the right length."""

import contextlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.algorithm import SIGNATURE_BYTES, Algorithm
from sidecar.core.jws import MAX_KEY_ID, MAX_SIGNATURE_BYTES, UnverifiedToken, parse
from sidecar.core.reason import Reason, Refusal
from support.keypairs import pair
from support.tokens import claims, forge, mint, part

_SIGNATURE = bytes(64)


def _reason(token: bytes, longest: int = 100_000) -> Reason:
    with pytest.raises(Refusal) as refused:
        parse(token, longest)
    return refused.value.reason


def _token(header: bytes, signature: bytes = _SIGNATURE) -> bytes:
    return b".".join([part(header), part(b"{}"), part(signature)])


def test_takes_apart() -> None:
    """A token's parts come out decoded, and the signing input is the text the signature covers."""
    compact = mint().encode()
    token = parse(compact, 8192)
    signing_input, _, signature = compact.rpartition(b".")
    assert (token.algorithm, token.key_id) == (Algorithm.EDDSA, "key-1")
    assert (token.signing_input, part(token.signature)) == (signing_input, signature)
    assert part(token.payload) == signing_input.split(b".")[1]


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5, 1000])
def test_not_three_parts(count: int) -> None:
    """Anything but three parts is malformed: also five, which is JWE (RFC 7516)."""
    assert _reason(b".".join([part(b"{}")] * count)) is Reason.TOKEN_MALFORMED


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("junk", [b"=", b" ", b"\n", b"+", b"/", b"\0", b"\xff", b"%41"])
def test_each_part_is_base64url(place: int, junk: bytes) -> None:
    """No part may have a character that base64url has not."""
    parts = mint().encode().split(b".")
    parts[place] += junk
    assert _reason(b".".join(parts)) is Reason.TOKEN_MALFORMED


def test_size_limit() -> None:
    """A token of exactly the allowed length is read, a longer one refused before it is looked at."""
    compact = mint().encode()
    assert isinstance(parse(compact, len(compact)), UnverifiedToken)
    assert _reason(compact, len(compact) - 1) is Reason.TOKEN_TOO_LARGE
    assert _reason(b"\xff" * 9000, 8192) is Reason.TOKEN_TOO_LARGE


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"null",
        b'"EdDSA"',
        b"{",
        b'{"alg":"EdDSA","alg":"EdDSA"}',
        b'{"alg":"EdDSA","\\u0061lg":"none"}',
        b"{}",
        b'{"alg":null}',
        b'{"alg":1}',
        b'{"alg":["EdDSA"]}',
        b'{"alg":true}',
        b'{"ALG":"EdDSA"}',
        b'\xef\xbb\xbf{"alg":"EdDSA"}',
        b'{"alg":"EdDSA"}\x00',
    ],
)
def test_malformed_header(header: bytes) -> None:
    """A header that is no strict JSON object with a string as ``alg`` is malformed."""
    assert _reason(_token(header)) is Reason.TOKEN_MALFORMED


@pytest.mark.parametrize(
    "name",
    [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "HS384",
        "HS512",
        "hs256",
        "eddsa",
        "EDDSA",
        "EdDSA ",
        " EdDSA",
        "ed25519",
        "Ed448",
        "ES256K",
        "es256",
        "ES521",
        "RS1",
        "RSA1_5",
        "A128KW",
        "dir",
        "RS256\x00",
        "ES256\n",
        "EdDSA"[:-1],
    ],
)
def test_unsupported_algorithm(name: str) -> None:
    """``none``, symmetric and unknown algorithms, and known ones in another spelling, are not supported."""
    header = b'{"alg":"' + name.encode("unicode_escape").replace(b"\\x", b"\\u00") + b'"}'
    assert _reason(_token(header)) is Reason.ALGORITHM_NOT_ALLOWED


def test_fully_specified_name() -> None:
    """``Ed25519`` (RFC 9864) is another name for ``EdDSA``."""
    assert parse(_token(b'{"alg":"Ed25519"}'), 8192).algorithm is Algorithm.EDDSA


@pytest.mark.parametrize("member", ["crit", "b64"])
@pytest.mark.parametrize("value", ["null", "[]", "true", "false", '["exp"]', '["b64"]', '"x"', "{}", "0"])
def test_critical_header(member: str, value: str) -> None:
    """``crit`` and ``b64`` are refused whatever they say."""
    assert _reason(_token(f'{{"alg":"EdDSA","{member}":{value}}}'.encode())) is Reason.CRITICAL_HEADER


@pytest.mark.parametrize("value", ["null", "1", "[]", "{}", "true", '["key-1"]', '"' + "k" * (MAX_KEY_ID + 1) + '"'])
def test_key_id_that_is_none(value: str) -> None:
    """A ``kid`` that is no string of a sensible length is malformed, not absent."""
    assert _reason(_token(f'{{"alg":"EdDSA","kid":{value}}}'.encode())) is Reason.TOKEN_MALFORMED


@pytest.mark.parametrize("kid", ["", "k" * MAX_KEY_ID, "../../etc/passwd", "' OR 1=1 --", "é\U0001f600"])
def test_any_text_is_a_key_id(kid: str) -> None:
    """A ``kid`` is data that is compared, so any short text passes as it is."""
    assert parse(forge({"alg": "EdDSA", "kid": kid}, claims()).encode(), 8192).key_id == kid


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"])
def test_key_material_in_the_token_is_not_read(member: str) -> None:
    """A key in the header changes nothing of what is parsed."""
    header = {"alg": "EdDSA", "kid": "key-1", member: pair(owner="attacker").jwk}
    token = parse(forge(header, claims()).encode(), 8192)
    assert (token.algorithm, token.key_id) == (Algorithm.EDDSA, "key-1")


@pytest.mark.parametrize("algorithm", SIGNATURE_BYTES)
@pytest.mark.parametrize("off", [-1, 1, -1000])
def test_signature_length(algorithm: Algorithm, off: int) -> None:
    """A signature that is not exactly as long as its algorithm's is refused, and one that is passes."""
    header, size = f'{{"alg":"{algorithm}"}}'.encode(), SIGNATURE_BYTES[algorithm]
    assert parse(_token(header, bytes(size)), 8192).signature == bytes(size)
    assert _reason(_token(header, bytes(max(0, size + off)))) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize("size", [0, MAX_SIGNATURE_BYTES + 1])
def test_rsa_signature_length(size: int) -> None:
    """An RSA signature is neither empty nor longer than the largest key's."""
    assert _reason(_token(b'{"alg":"RS256"}', bytes(size))) is Reason.BAD_SIGNATURE


@given(
    st.binary(max_size=200)
    | st.lists(st.binary(max_size=60).map(part), max_size=5).map(b".".join)
    | st.builds(lambda name, rest: _token(b'{"alg":"' + name + b'"' + rest, _SIGNATURE), st.binary(), st.binary())
)
def test_any_bytes(data: bytes) -> None:
    """Any bytes give a token or a refusal, never another exception."""
    with contextlib.suppress(Refusal):
        assert isinstance(parse(data, 150), UnverifiedToken)


def test_thousands_of_dots() -> None:
    """A text of dots is not cut into as many pieces (CVE-2025-30204, CVE-2025-27144)."""
    dots = b"." * 60_000
    tracemalloc.start()
    try:
        with pytest.raises(Refusal, match="not three parts"):
            parse(dots, 65_536)
        # The rest behind the third dot is one piece, and as long as the text.
        assert tracemalloc.get_traced_memory()[1] < 2 * len(dots)
    finally:
        tracemalloc.stop()
