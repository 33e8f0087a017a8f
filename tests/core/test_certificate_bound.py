"""Tokens that are bound to a client certificate (RFC 8705): good on a connection with that certificate alone."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.binding import BoundTokens
from sidecar.core.certificate import certificate_thumbprint
from sidecar.core.check import Checker
from sidecar.core.trust import Trust
from sidecar.engine.local_cache import LocalCache
from sidecar.protos.ext_authz import CheckRequest
from support.answers import Answer, read_answer
from support.certificates import Authority
from support.checks import decide, finish
from support.proofs import bound_to, encoded
from support.requests import with_token
from support.tokens import NOW, claims, mint
from support.trusts import issuer, trust

MTLS: Trust = trust(issuers=[issuer(bound=BoundTokens(mtls=True, dpop=None, required=False))])


@pytest.fixture
def pems(tmp_path: Path) -> Mapping[str, str]:
    """Return two certificates in PEM."""
    authority = Authority(tmp_path, "ca")
    return {name: Path(authority.sign(name).certificate).read_text("ascii") for name in ("client", "other")}


def bound(pem: str) -> str:
    """Return a token that is bound to a certificate."""
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    return mint(claims(cnf={"x5t#S256": encoded(sha256(der).digest())}))


def on(pem: str, token: str) -> bytes:
    """Return a check of a token on a connection with this certificate, as Envoy encodes it."""
    message = CheckRequest.FromString(with_token(token))
    message.attributes.source.certificate = quote(pem, safe="")
    data: bytes = message.SerializeToString()
    return data


def test_right_certificate(pems: Mapping[str, str]) -> None:
    """On a connection with its certificate a token is good."""
    assert decide(on(pems["client"], bound(pems["client"])), MTLS).allowed


def test_other_certificate_or_none(pems: Mapping[str, str]) -> None:
    """On any other connection it is not."""
    token = bound(pems["client"])
    for raw in (
        on(pems["other"], token),
        with_token(token),
        on("", token),
        on("x", token),
        on(pems["client"] * 2, token),
    ):
        assert decide(raw, MTLS).reason == "proof_required"


def test_looked_at_each_time(pems: Mapping[str, str]) -> None:
    """A token that was found good on one connection is not good on another one."""
    recent = LocalCache(10)
    checker = Checker(lambda: MTLS, recent=recent)

    def ask(raw: bytes) -> Answer:
        return read_answer(finish(checker.begin(raw, NOW)).response)

    token = bound(pems["client"])
    assert ask(on(pems["client"], token)).allowed
    assert ask(on(pems["other"], token)).reason == "proof_required"
    assert ask(with_token(token)).reason == "proof_required"
    assert len(recent) == 0


def test_header_of_the_client_s_is_no_certificate(pems: Mapping[str, str]) -> None:
    """What a client writes into headers shows nothing."""
    forged = {"x-forwarded-client-cert": f'Cert="{quote(pems["client"], safe="")}"'}
    assert decide(with_token(bound(pems["client"]), headers=forged), MTLS).reason == "proof_required"


def test_where_it_is_not_checked(pems: Mapping[str, str]) -> None:
    """Without bound_tokens such a token is refused on any connection."""
    assert decide(on(pems["client"], bound(pems["client"])), trust()).reason == "proof_required"


def test_unbound_token(pems: Mapping[str, str]) -> None:
    """A token that is bound to nothing is good on any connection, unless bindings are required."""
    assert decide(on(pems["client"], mint()), MTLS).allowed
    strict = trust(issuers=[issuer(bound=BoundTokens(mtls=True, dpop=None, required=True))])
    assert decide(on(pems["client"], mint()), strict).reason == "proof_required"


def test_other_binding() -> None:
    """A binding to a key is refused where certificates alone are checked."""
    assert decide(with_token(mint(claims(cnf=bound_to()))), MTLS).reason == "proof_required"


@pytest.mark.parametrize("spelling", ["plain", "crlf", "no newline"])
def test_spellings(pems: Mapping[str, str], spelling: str) -> None:
    """Line ends do not matter."""
    pem = pems["client"]
    text = {"plain": pem, "crlf": pem.replace("\n", "\r\n"), "no newline": pem.rstrip("\n")}[spelling]
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    assert certificate_thumbprint(quote(text, safe="")) == sha256(der).digest()


@given(st.text(max_size=60) | st.text("-BEGINCRTFATD \nab+/=", max_size=80))
def test_any_text(text: str) -> None:
    """What is no certificate in PEM has no thumbprint."""
    assert certificate_thumbprint(text) is None
