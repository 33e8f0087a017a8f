"""Until when certificates are good that keys come with."""

import json
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.strict_json import loads_object
from sidecar.keys.certificates import certified_until, first_until
from sidecar.keys.jwks import read_jwks
from sidecar.keys.pem import jwks_of_pem
from support.certificates import Authority


def _pem(folder: Path, days: int = 3) -> bytes:
    return Path(Authority(folder, "ca").sign("key", days=days).certificate).read_bytes()


def _until(pem: bytes) -> float:
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc.timestamp()


def test_key_of_a_certificate(tmp_path: Path) -> None:
    """A key that came in a certificate is good until that is; it is the same key as without."""
    pem = _pem(tmp_path)
    document = jwks_of_pem(pem, "key-1")
    (key,) = read_jwks(document).keys.keys
    assert certified_until(document) == {key.thumbprint: _until(pem)}
    assert first_until(pem) == _until(pem)


def test_first_of_a_chain(tmp_path: Path) -> None:
    """Of a chain the first is the key's (RFC 7517, section 4.7); keys without one are not told of."""
    jwk = dict(loads_object(jwks_of_pem(_pem(tmp_path), None))["keys"][0])  # type: ignore[index, arg-type]
    other = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    ca = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes()).public_bytes(Encoding.DER)
    jwk["x5c"] = [*jwk["x5c"], b64encode(ca).decode()]
    document = json.dumps({"keys": [other, jwk]}).encode()
    assert list(certified_until(document).values()) == [_until((tmp_path / "key.pem").read_bytes())]


@pytest.mark.parametrize(
    "chain",
    [None, "x", [], [5], ["not base64!"], ["AAAA"], [{}]],
    ids=["null", "text", "none", "5", "bad", "short", "{}"],
)
def test_what_is_no_certificate(chain: object) -> None:
    """What cannot be read is not told of, and is no error: no check goes by it."""
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "x5c": chain}
    assert certified_until(json.dumps({"keys": [key]}).encode()) == {}


@given(st.binary(max_size=100) | st.sampled_from([b"{}", b'{"keys": 1}', b'{"keys": [1, {"x5c": ["AA=="]}]}']))
def test_what_is_no_key_set(document: bytes) -> None:
    """Nor is what is no key set."""
    assert certified_until(document) == {}


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", b"\xff"])
def test_no_pem(pem: bytes) -> None:
    """A file without a certificate is an error to who has one for itself."""
    with pytest.raises(ValueError, match=r"."):
        first_until(pem)
