"""Envoy and sidecar over mutual TLS as generated: what passes, whom either side refuses, and that then nothing does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.envoy import Envoy, find_envoy, start_envoy
from sidecar.demo.stack import Stack, sidecar_addresses
from sidecar.envoy_config.options import EnvoyOptions
from sidecar.envoy_config.tls import SidecarTls
from support.certificates import Authority
from support.envoy_statistics import statistics
from support.fronts import CHECK
from support.processes import eventually
from support.requests import with_token
from support.secured import MODES, NAME, Certificates, certified, secured_stack


@dataclass(frozen=True)
class Secured:
    """A running stack, and who signs for both sides."""

    stack: Stack
    authority: Authority

    def token(self, **claims: Any) -> str:  # noqa: ANN401 - JSON
        """Return a token."""
        return self.stack.workspace.token(**claims)


@pytest.fixture(scope="module", params=sorted(MODES))
def secured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Run a stack over mutual TLS, its sidecar in several processes or in one; tests leave it as it is."""
    certificates, authority = certified(tmp_path_factory.mktemp("tls"))
    with secured_stack(certificates, MODES[request.param]) as stack:
        yield Secured(stack, authority)


def _ask(envoy: Envoy, token: str) -> Answer:
    return send(envoy.port, Call("GET", "/orders/1", [("authorization", f"Bearer {token}")]))


def test_allowed_and_denied(secured: Secured) -> None:
    """Checks pass over TLS 1.3, as health checks do, and a denial is the sidecar's."""
    envoy = secured.stack.envoy
    assert _ask(envoy, secured.token()).status == 200
    denied = _ask(envoy, secured.token(tenant="suspended"))
    assert (denied.status, denied.reason) == (403, "denied_by_policy")
    assert _ask(envoy, secured.token(exp=1)).reason == "token_expired"
    assert eventually(lambda: statistics(envoy, "health_check")["success"] > 0)
    assert statistics(envoy, "health_check")["failure"] == 0
    tls = statistics(envoy, "ssl")
    assert tls["handshake"] == tls["versions.TLSv1.3"] > 0


def test_nobody_else_is_heard(secured: Secured, tmp_path: Path) -> None:
    """Who speaks in the clear, has no certificate or a stranger's, gets no answer; who has a good one does."""
    trusted = Path(secured.authority.file).read_bytes()
    (good, stranger) = (
        grpc.ssl_channel_credentials(trusted, Path(one.key).read_bytes(), Path(one.certificate).read_bytes())
        for one in (secured.authority.sign("another"), Authority(tmp_path, "stranger").sign("envoy"))
    )
    token = secured.token()
    for address in sidecar_addresses(secured.stack.sidecar):
        with grpc.secure_channel(address, good) as channel:
            assert _is_answered(channel, token)
        with grpc.secure_channel(address, stranger) as channel:
            assert not _is_answered(channel, token)
        with grpc.secure_channel(address, grpc.ssl_channel_credentials(trusted)) as channel:
            assert not _is_answered(channel, token)
        with grpc.insecure_channel(address) as channel:
            assert not _is_answered(channel, token)


def _is_answered(channel: grpc.Channel, token: str) -> bool:
    """Say whether there is a decision at all, in place of no connection."""
    call = channel.unary_unary(CHECK).future(with_token(token), timeout=20)  # type: ignore[call-arg]  # as in fronts
    code = call.code()
    assert code in {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
    return code is grpc.StatusCode.OK


Change = Callable[[Certificates, EnvoyOptions], EnvoyOptions]


def _nothing(_: Certificates, options: EnvoyOptions) -> EnvoyOptions:
    """Be like the other Envoy."""
    return options


def _no_certificate(certificates: Certificates, options: EnvoyOptions) -> EnvoyOptions:
    """Show none."""
    return replace(options, authz_tls=SidecarTls(NAME, str(certificates.folder / "secrets"), client_certificate=False))


def _stranger(certificates: Certificates, options: EnvoyOptions) -> EnvoyOptions:
    """Show one that another CA has signed."""
    certificates.show("envoy", certificates.authority("stranger").sign("envoy"))
    return options


def _plaintext(_: Certificates, options: EnvoyOptions) -> EnvoyOptions:
    """Speak in the clear, which nothing but an edited configuration does."""
    return replace(options, authz_tls=None)


def _distrust(certificates: Certificates, options: EnvoyOptions) -> EnvoyOptions:
    """Trust another CA than the sidecar's."""
    certificates.trust("envoy", certificates.authority("another"))
    return options


def _another_name(certificates: Certificates, options: EnvoyOptions) -> EnvoyOptions:
    """Expect somebody else of the same CA."""
    return replace(options, authz_tls=SidecarTls("shop.example", str(certificates.folder / "secrets")))


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        (_nothing, "handshake"),
        (_no_certificate, None),
        (_stranger, None),
        (_plaintext, None),
        (_distrust, "fail_verify_error"),
        (_another_name, "fail_verify_san"),
    ],
)
def test_envoy_fails_closed(secured: Secured, change: Change, counted: str | None, tmp_path: Path) -> None:
    """Where either side does not take the other nothing passes, with the best of tokens."""
    certificates = Certificates(tmp_path)
    certificates.trust("envoy", secured.authority)
    certificates.show("envoy", secured.authority.sign("its own"))
    certificates.write_secrets()
    with _another_envoy(secured.stack, certificates, change) as envoy:
        answer = _ask(envoy, secured.token())
        assert (answer.status, answer.upstream_headers is None) == ((200, False) if change is _nothing else (503, True))
        assert counted is None or statistics(envoy, "ssl")[counted] > 0


@contextmanager
def _another_envoy(stack: Stack, certificates: Certificates, change: Change) -> Iterator[Envoy]:
    options = stack._options()
    assert options.authz_tls is not None
    options = replace(options, authz_tls=replace(options.authz_tls, secrets=str(certificates.folder / "secrets")))
    envoy = start_envoy(find_envoy(), change(certificates, replace(options, timeout_seconds=5.0)), certificates.folder)
    with envoy.process:
        yield envoy
