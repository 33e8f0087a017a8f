"""The generated configuration, run by Envoy itself: which headers reach the application while the sidecar is dead."""

import http.client

import pytest

from envoy_config.live import CLOSED, LOOSE, OPEN, Ports, exchange, exchange_http2
from sidecar.envoy_config import EnvoyOptions

#: What a header name may consist of beside letters, digits, "-" and "_" (RFC 9110, section 5.6.2).
_SEPARATORS = "!#$%&'*+.^`|~"
_FORGED = [
    *("x-auth-subject: forged", "X-Auth-Subject: forged", "x-auth-scopes: forged"),
    *("x-auth-subject: forged\r\nx-auth-subject: forged", "x-envoy-auth-failure-mode-allowed: forged"),
    *(f"x{one}auth{one}subject: forged" for one in _SEPARATORS),
    *("X.Auth.Subject: forged", "x-auth.subject: forged", "x.auth-subject: forged", "x~auth!issuer: forged"),
    "x.envoy.auth.failure.mode.allowed: forged",
]
_FORGED_WITH_UNDERSCORES = ["x_auth_subject: forged", "x-auth_subject: forged", "X_AUTH-SUBJECT: forged"]
_HARMLESS = [
    "x-auth-subjects",
    "xx-auth-subject",
    "x-auth--subject",
    "xauthsubject",
    "x0auth0subject",
    "x-http-methods",
]

#: Where the sidecar is not asked, or not there to answer.
_UNSEEN = [(CLOSED, "/healthz"), (OPEN, "/healthz"), (OPEN, "/a")]


@pytest.mark.parametrize("forged", _FORGED)
@pytest.mark.parametrize(("way", "target"), _UNSEEN)
def test_forged_identity_never_arrives(forged: str, way: str, target: str, ports: Ports) -> None:
    """No identity header of a client, nor what an upstream may take for one, reaches the application."""
    status, seen = exchange(ports[way], target, forged)
    assert status == http.client.OK
    assert "forged" not in seen.values()


@pytest.mark.parametrize("separator", _SEPARATORS)
def test_forged_identity_never_arrives_over_http2(separator: str, ports: Ports) -> None:
    """The same over HTTP/2."""
    name = f"x{separator}auth{separator}subject".encode()
    status, seen = exchange_http2(ports[CLOSED], (name, b"forged"))
    assert status == "200"
    assert "forged" not in seen.values()


@pytest.mark.parametrize("forged", _FORGED_WITH_UNDERSCORES)
@pytest.mark.parametrize(("way", "target"), [(CLOSED, "/healthz"), (CLOSED, "/a"), (OPEN, "/healthz"), (OPEN, "/a")])
def test_underscores_are_refused_everywhere(forged: str, way: str, target: str, ports: Ports) -> None:
    """A header name with an underscore is refused on every route, whatever its other characters."""
    assert exchange(ports[way], target, forged)[0] == http.client.BAD_REQUEST


def test_trailers_do_not_arrive(ports: Ports) -> None:
    """An identity header among the trailers, which no header mutation sees, is dropped on the way."""
    body = "transfer-encoding: chunked\r\n\r\n0\r\nx-auth-subject: forged"
    status, seen = exchange(ports[CLOSED], "/healthz", body)
    assert status == http.client.OK
    assert "forged" not in seen.values()


@pytest.mark.parametrize("name", _HARMLESS)
def test_other_names_arrive(name: str, ports: Ports) -> None:
    """Only what equals an identity or override header is removed: as many separators, in the same places."""
    assert exchange(ports[CLOSED], "/healthz", f"{name}: kept")[1][name] == "kept"


@pytest.mark.parametrize("name", [*EnvoyOptions().override_headers, "X-HTTP-Method-Override", "x.original.url"])
@pytest.mark.parametrize(("way", "target"), _UNSEEN)
def test_override_header_never_arrives(name: str, way: str, target: str, ports: Ports) -> None:
    """A header by which a client changes what the application acts on after the decision does not reach it."""
    status, seen = exchange(ports[way], target, f"{name}: DELETE")
    assert status == http.client.OK
    assert "DELETE" not in seen.values()


@pytest.mark.parametrize("name", EnvoyOptions().override_headers)
def test_override_headers_may_be_kept(name: str, ports: Ports) -> None:
    """With no override headers configured they are let through."""
    assert exchange(ports[LOOSE], "/healthz", f"{name}: DELETE")[1][name] == "DELETE"


@pytest.mark.parametrize("target", ["/healthz", "/a"])
def test_token_stays_with_envoy(target: str, ports: Ports) -> None:
    """Without ``forward_token`` the application gets no token, where the sidecar is not asked or dead neither."""
    status, seen = exchange(ports[LOOSE], target, "Authorization: Bearer secret")
    assert status == http.client.OK
    assert "authorization" not in seen


@pytest.mark.parametrize(("way", "target"), _UNSEEN)
def test_token_is_forwarded_by_default(way: str, target: str, ports: Ports) -> None:
    """By default the application gets the token."""
    assert exchange(ports[way], target, "Authorization: Bearer secret")[1]["authorization"] == "Bearer secret"
