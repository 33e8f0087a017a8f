"""Every stop of the demonstration's tour, through the real Envoy."""

from pathlib import Path

import pytest

from sidecar.demo.client import send
from sidecar.demo.stack import Stack
from sidecar.demo.tour import tour
from sidecar.demo.workspace import Workspace
from sidecar.keys.signing import generate

STOPS = [stop.name for stop in tour(Workspace(Path(), generate(), generate()))]


@pytest.mark.parametrize("name", STOPS)
def test_stop_of_the_tour(stack: Stack, name: str) -> None:
    """Each request of the tour gets the answer the tour says, and the upstream sees what the tour says."""
    stop = next(stop for stop in tour(stack.workspace) if stop.name == name)
    answer = send(stack.envoy.port, stop.call)
    assert stop.is_as_expected(answer), f"{answer.status} {answer.reason!r} {answer.upstream_headers}"


def test_denial_carries_the_rfc_6750_challenge(stack: Stack) -> None:
    """A bad token's denial says invalid_token in WWW-Authenticate and in the body, and is not cached."""
    stop = next(stop for stop in tour(stack.workspace) if stop.name == "expired")
    answer = send(stack.envoy.port, stop.call)
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="demo", error="invalid_token", error_description="the token has expired"'
    )
    assert b'"error": "invalid_token"' in answer.body
    assert answer.headers["cache-control"] == "no-store"


def test_denial_names_the_request(stack: Stack) -> None:
    """A denial's body has the request id that Envoy logs, so that a user can quote it."""
    stop = next(stop for stop in tour(stack.workspace) if stop.name == "no token")
    assert b'"request_id": "' in send(stack.envoy.port, stop.call).body


def test_missing_scope_names_the_scope(stack: Stack) -> None:
    """A client that lacks a scope is told which one (RFC 6750, section 3.1)."""
    stop = next(stop for stop in tour(stack.workspace) if stop.name == "scope missing")
    challenge = send(stack.envoy.port, stop.call).headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="orders:write"' in challenge
