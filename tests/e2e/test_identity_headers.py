"""A client's own copy of an identity header never reaches the upstream, whatever the route and whoever is alive."""

from collections.abc import Iterator, Mapping

import pytest

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack
from support.stacks import running_stack

FORGED = (("x-auth-subject", "root"), ("x-auth-subject", "admin"), ("X-Auth-Tenant", "root"), ("x-auth-scopes", "all"))


@pytest.fixture(scope="module")
def open_route(mode: Mapping[str, str]) -> Iterator[Stack]:
    """Run a stack with a route on which the filter is disabled."""
    with running_stack(environment=mode, unprotected_paths=("/health",)) as stack:
        yield stack


def _identity_seen(answer: Answer) -> dict[str, str]:
    assert answer.upstream_headers is not None
    names = [name for name, _ in answer.upstream_headers if name.startswith(("x-auth", "x_auth"))]
    assert len(names) == len(set(names))
    return {name: value for name, value in answer.upstream_headers if name in names}


def test_protected_path_has_the_real_identity(stack: Stack) -> None:
    """On a protected path the upstream sees each identity header once, with the token's values."""
    headers = (("authorization", f"Bearer {stack.workspace.token()}"), *FORGED)
    assert _identity_seen(send(stack.envoy.port, Call("GET", "/orders/1", headers))) == {
        "x-auth-subject": "alice",
        "x-auth-issuer": "https://idp.demo.example",
        "x-auth-scopes": "orders:read",
        "x-auth-tenant": "acme",
    }


def test_absent_claim_removes_the_client_s_header(stack: Stack) -> None:
    """Where the token has no tenant the upstream sees none, whatever the client sent."""
    token = stack.workspace.token(tenant=None)
    call = Call("GET", "/orders/1", (("authorization", f"Bearer {token}"), *FORGED))
    assert "x-auth-tenant" not in _identity_seen(send(stack.envoy.port, call))


def test_public_path_has_no_identity(stack: Stack) -> None:
    """On a public path the upstream sees no identity header, with a good token neither."""
    headers = (("authorization", f"Bearer {stack.workspace.token()}"), *FORGED)
    assert _identity_seen(send(stack.envoy.port, Call("GET", "/public/a", headers))) == {}


def test_route_without_the_filter_has_no_identity(open_route: Stack) -> None:
    """On a route where the filter is disabled, and the sidecar never asked, Envoy itself strips the headers."""
    assert _identity_seen(send(open_route.envoy.port, Call("GET", "/health", FORGED))) == {}


@pytest.mark.parametrize("path", ["/orders/1", "/public/a", "/health"])
@pytest.mark.parametrize("name", ["x_auth_subject", "x-auth_subject", "X_AUTH_SUBJECT"])
def test_underscores_are_refused(open_route: Stack, path: str, name: str) -> None:
    """A header that other servers would take for an identity header is refused by Envoy on every route."""
    headers = (("authorization", f"Bearer {open_route.workspace.token()}"), (name, "root"))
    answer = send(open_route.envoy.port, Call("GET", path, headers))
    assert answer.status == 400
    assert answer.upstream_headers is None
