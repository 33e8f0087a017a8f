"""One look at a provider over HTTPS: what it takes, and everything that goes wrong."""

import asyncio
import json
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecar.keys.jwks import read_jwks
from sidecar.keys.remote.client import Access
from sidecar.keys.remote.fetch import Fetched, Place, Validator, fetch
from sidecar.keys.remote.trouble import FetchError, Trouble
from support import faults
from support.keypairs import pair
from support.provider import JWKS, WELL_KNOWN, Fault, Provider, running_provider

NOTHING = Validator()
_ACCESS = Access(timeout=30.0, max_bytes=512 * 1024, allow_private=True)


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """Run a provider with one key."""
    with running_provider(tmp_path, keys=[pair().jwk]) as running:
        yield running


def access(provider: Provider, **changes: Any) -> Access:  # noqa: ANN401 - Access's fields
    """Return how the provider is asked."""
    ca = Path(provider.authority.file) if provider.authority else None
    return replace(_ACCESS, ca_file=ca, **changes)


def discovered(provider: Provider, had: Validator = NOTHING, **changes: Any) -> Fetched:  # noqa: ANN401 - Access's fields
    """Fetch by way of the discovery document."""
    return asyncio.run(fetch(Place(provider.issuer, None), access(provider, **changes), had))


def fetched(provider: Provider, url: str = "", had: Validator = NOTHING, **changes: Any) -> Fetched:  # noqa: ANN401 - Access's fields
    """Fetch from a URL."""
    place = Place(provider.issuer, url or provider.origin + JWKS)
    return asyncio.run(fetch(place, access(provider, **changes), had))


def trouble(provider: Provider, url: str = "", **changes: Any) -> Trouble:  # noqa: ANN401 - Access's fields
    """Fail to fetch, and return how."""
    with pytest.raises(FetchError) as failed:
        fetched(provider, url, **changes)
    return failed.value.trouble


def test_key_set_of_a_url(provider: Provider) -> None:
    """The document comes byte for byte, with its ETag, and until when the server's certificate is good."""
    answer = fetched(provider)
    assert answer.document is not None
    assert read_jwks(answer.document).keys.keys == (pair().public,)
    assert answer.validator.etag
    assert answer.fresh is None
    assert answer.certificate_expires_at is not None


@pytest.mark.parametrize("path", ["", "/", "/realms/a", "/tenant/v2.0/"])
def test_key_set_by_discovery(tmp_path: Path, path: str) -> None:
    """An issuer's own document says where its keys are; a slash at its end is not doubled (Discovery, section 4)."""
    with running_provider(tmp_path, keys=[pair().jwk], path=path) as provider:
        assert discovered(provider).document is not None
        assert [request.path for request in provider.requests] == [path.removesuffix("/") + WELL_KNOWN, JWKS]


def test_same_version_is_not_sent_again(provider: Provider) -> None:
    """With the ETag of what one has there is no body; after a rotation there is."""
    first = discovered(provider)
    assert discovered(provider, first.validator).document is None
    provider.keys.append(pair(key_id="next").jwk)
    assert discovered(provider, first.validator).document is not None


def test_etag_of_another_url_is_not_sent(provider: Provider) -> None:
    """An ETag names a version of one resource."""
    had = replace(fetched(provider).validator, url="https://elsewhere.example/jwks")
    assert fetched(provider, had=had).document is not None
    assert "if-none-match" not in provider.requests[-1].headers


def test_cache_control_is_told(provider: Provider) -> None:
    """How long it is fresh comes along."""
    provider.cache_control = "public, max-age=321"
    assert fetched(provider).fresh == 321.0


_FAULTS: dict[str, tuple[Fault, Trouble]] = {
    "500": (faults.answers(b"oops", "500 Internal Server Error"), Trouble.STATUS),
    "204": (faults.answers(b"", "204 No Content"), Trouble.STATUS),
    "206": (faults.answers(b"{}", "206 Partial Content"), Trouble.STATUS),
    "304 to nothing": (faults.answers(b"", "304 Not Modified"), Trouble.STATUS),
    "truncated": (faults.truncate, Trouble.UNREACHABLE),
    "hung up": (faults.hang_up, Trouble.UNREACHABLE),
    "50 MB announced": (faults.huge_announced, Trouble.TOO_LARGE),
    "50 MB in chunks": (faults.huge_chunked, Trouble.TOO_LARGE),
    "headers without end": (faults.huge_headers, Trouble.UNREACHABLE),
    "gzip bomb": (faults.gzip_bomb, Trouble.ENCODED),
    "redirect": (faults.redirect("https://169.254.169.254/latest"), Trouble.REDIRECT),
    "redirect to the same origin": (faults.redirect("/other"), Trouble.REDIRECT),
}


@pytest.mark.parametrize("name", _FAULTS)
@pytest.mark.parametrize("path", [JWKS, WELL_KNOWN])
def test_fault(provider: Provider, name: str, path: str) -> None:
    """Whatever a server does wrong is an error with its kind, for discovery document and key set alike."""
    fault, expected = _FAULTS[name]
    provider.faults[path] = fault
    with pytest.raises(FetchError) as failed:
        discovered(provider)
    assert failed.value.trouble is expected
    assert path in str(failed.value)
    assert {request.path for request in provider.requests} == ({path} if path == WELL_KNOWN else {WELL_KNOWN, path})


def test_50_mb_are_not_held(provider: Provider) -> None:
    """Of a body that is too large no more is held than is allowed."""
    provider.faults[JWKS] = faults.huge_chunked
    fetched_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert trouble(provider) is Trouble.TOO_LARGE
    # In KiB. The provider, in this very process, holds 1 MiB and what is in its socket.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - fetched_before < 20 * 1024


@pytest.mark.parametrize("name", ["stall", "drip"])
def test_slow_server_has_a_total_time(provider: Provider, name: str) -> None:
    """A server that says nothing, or always a little, is left after the total time."""
    provider.faults[JWKS] = {"stall": faults.stall, "drip": faults.drip}[name]
    assert trouble(provider, timeout=0.5) is Trouble.TIMEOUT


def test_nobody_listens(provider: Provider, unused_port: int) -> None:
    """A refused connection is told as such."""
    assert trouble(provider, f"https://localhost:{unused_port}/jwks") is Trouble.UNREACHABLE


@pytest.fixture
def unused_port() -> Iterator[int]:
    """Yield a port that is bound and not listened on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def test_wrong_issuer(provider: Provider) -> None:
    """A discovery document of another issuer, be it by a slash, is not taken (RFC 8414, section 3.3)."""
    for other in (provider.issuer + "/", provider.issuer.upper(), "https://evil.example", None, 7, [provider.issuer]):
        provider.metadata = {"issuer": other}
        with pytest.raises(FetchError) as failed:
            discovered(provider)
        assert failed.value.trouble is Trouble.WRONG_ISSUER
    assert provider.asked(JWKS) == 0


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (None, Trouble.MALFORMED),
        (["https://a.example"], Trouble.MALFORMED),
        ("file:///etc/passwd", Trouble.URL_REFUSED),
        ("http://localhost/jwks", Trouble.URL_REFUSED),
        ("https://user@localhost/jwks", Trouble.URL_REFUSED),
        ("gopher://localhost/jwks", Trouble.URL_REFUSED),
        ("https://169.254.169.254/latest/meta-data", Trouble.ADDRESS_REFUSED),
        ("https://[fe80::1]/jwks", Trouble.ADDRESS_REFUSED),
        ("https://[::]/jwks", Trouble.ADDRESS_REFUSED),
    ],
)
def test_discovery_document_that_leads_astray(provider: Provider, uri: object, expected: Trouble) -> None:
    """Where a document says its keys are is looked at like any URL, also where private addresses are allowed."""
    provider.metadata = {"jwks_uri": uri}
    with pytest.raises(FetchError) as failed:
        discovered(provider)
    assert failed.value.trouble is expected


def test_document_over_tls_does_not_lead_out_of_it(provider: Provider) -> None:
    """Where plain HTTP is allowed, an https issuer's keys still come over https."""
    provider.metadata = {"jwks_uri": f"http://localhost:{provider.port}{JWKS}"}
    with pytest.raises(FetchError) as failed:
        discovered(provider, allow_http=True)
    assert failed.value.trouble is Trouble.URL_REFUSED


@pytest.mark.parametrize("body", [b"", b"[]", b"not json", b'{"issuer":"a","issuer":"b"}', b"\xff\xfe", b"[" * 100_000])
def test_no_discovery_document(provider: Provider, body: bytes) -> None:
    """What is no JSON object is malformed, and nothing follows from it."""
    provider.faults[WELL_KNOWN] = faults.answers(body)
    with pytest.raises(FetchError) as failed:
        discovered(provider)
    assert failed.value.trouble is Trouble.MALFORMED


def test_other_ca(provider: Provider) -> None:
    """A certificate that the system's CAs did not sign is refused: self-signed ones are."""
    with pytest.raises(FetchError) as failed:
        asyncio.run(fetch(Place(provider.issuer, None), _ACCESS, NOTHING))
    assert failed.value.trouble is Trouble.TLS


def test_expired_certificate(tmp_path: Path) -> None:
    """A certificate that is over is refused."""
    with running_provider(tmp_path, days=-1) as provider:
        assert trouble(provider) is Trouble.TLS


def test_certificate_for_another_name(provider: Provider) -> None:
    """A certificate must be for the host that was asked."""
    url = f"https://other.example:{provider.port}/jwks"
    assert trouble(provider, url, look_up=provider.look_up) is Trouble.TLS


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_ca_file_that_cannot_be_used(provider: Provider, tmp_path: Path, content: bytes | None) -> None:
    """Without its CA file nothing is fetched: the system's CAs do not take its place."""
    ca = tmp_path / "missing.pem"
    if content is not None:
        ca.write_bytes(content)
    with pytest.raises(FetchError) as failed:
        asyncio.run(fetch(Place(provider.issuer, None), replace(_ACCESS, ca_file=ca), NOTHING))
    assert failed.value.trouble is Trouble.TLS
    assert not provider.requests


def test_plain_http(tmp_path: Path) -> None:
    """Plain HTTP is asked only where that is allowed."""
    with running_provider(tmp_path, tls=False, keys=[pair().jwk]) as provider:
        assert trouble(provider) is Trouble.URL_REFUSED
        assert not provider.requests
        assert fetched(provider, allow_http=True).document is not None


def test_private_addresses_are_refused(provider: Provider) -> None:
    """Loopback is not connected to, by name or by address, unless that is allowed."""
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert trouble(provider, f"https://{host}:{provider.port}/jwks", allow_private=False) is Trouble.ADDRESS_REFUSED
    assert not provider.requests


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f.1", "0177.0.0.1", "127.0.0.1.", "localhost."])
def test_odd_spellings_of_loopback(provider: Provider, host: str) -> None:
    """However loopback is written, nobody is connected to."""
    with pytest.raises(FetchError):
        fetched(provider, f"https://{host}:{provider.port}/jwks", allow_private=False)
    assert not provider.requests


def test_proxies_of_the_environment_are_not_used(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets the environment does not see, or choose, the keys."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetched(provider).document is not None


def test_credential_goes_to_the_configured_origin_alone(provider: Provider, tmp_path: Path) -> None:
    """A bearer token of our own is sent to the host that the configuration names, read anew each time."""
    token = tmp_path / "token"
    token.write_text("first\n", encoding="ascii")
    discovered(provider, bearer_token_file=token)
    assert [request.headers.get("authorization") for request in provider.requests] == ["Bearer first"] * 2
    token.write_text("second", encoding="ascii")
    provider.metadata = {"jwks_uri": f"https://127.0.0.1:{provider.port}{JWKS}"}
    discovered(provider, bearer_token_file=token)
    assert [request.headers.get("authorization") for request in provider.requests[2:]] == ["Bearer second", None]


@pytest.mark.parametrize("content", [None, b"", b"two words", b"a\r\nx: y", b"\xff"])
def test_credential_that_cannot_be_read(provider: Provider, tmp_path: Path, content: bytes | None) -> None:
    """Without its credential nothing is asked, and what it is is not told."""
    token = tmp_path / "token"
    if content is not None:
        token.write_bytes(content)
    assert trouble(provider, bearer_token_file=token) is Trouble.CREDENTIAL
    assert not provider.requests


def test_queries_are_not_told(provider: Provider) -> None:
    """Errors name the URL without its query, which may hold a secret."""
    provider.faults[JWKS + "?key=hunter2"] = faults.answers(b"", "403 Forbidden")
    with pytest.raises(FetchError) as failed:
        fetched(provider, provider.origin + JWKS + "?key=hunter2")
    assert "403" in str(failed.value)
    assert "hunter2" not in str(failed.value)


def test_nothing_is_left_behind(provider: Provider) -> None:
    """No descriptor stays open, however a fetch ends."""
    fetched(provider)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - descriptors, not files

    async def many() -> None:
        for _ in range(5):
            for fault in (None, faults.truncate, faults.huge_chunked, faults.drip):
                provider.faults = {} if fault is None else {JWKS: fault}
                with suppress(FetchError):
                    await fetch(Place("", provider.origin + JWKS), access(provider, timeout=0.3), NOTHING)

    asyncio.run(many())
    provider.faults = {}
    json.loads(fetched(provider).document or b"")
    assert len(os.listdir("/proc/self/fd")) <= before + 4  # noqa: PTH208 - what the provider is still closing
