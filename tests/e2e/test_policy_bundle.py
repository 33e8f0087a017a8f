"""Policies that are fetched, signed, through the real Envoy, and exchanged under load."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.strict_json import Json
from sidecar.demo.client import Call, send
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import prepare
from support.bundles import Publisher, allow, running_publisher
from support.load import Load
from support.sidecars import CONFIGURATION, Sidecar
from support.stacks import MODES, PATIENT

_OWN = CONFIGURATION.replace(
    "policies: [{name: all, action: allow, rules: [{}]}]",
    "policies: [{name: own, action: allow, rules: [{to: [{operation: {paths: [/own]}}]}]}]",
)


@contextmanager
def _running(mode: str) -> Iterator[tuple[Stack, Publisher]]:
    with tempfile.TemporaryDirectory(prefix="e2e-") as folder:
        place = Path(folder)
        with running_publisher(place / "bundles") as publisher:
            # What is not required to be ready: the stack waits for servers, and not for the bundle.
            workspace = prepare(place, publisher.added_to(_OWN))
            with Stack(workspace, MODES[mode], timeout_seconds=PATIENT) as stack:
                yield stack, publisher


def _version(number: int) -> dict[str, Json]:
    """Return policies in which what is about a path and what is about a header are of one version."""
    rules: Any = [{"to": [{"operation": {"paths": [f"/v{number}", "/always"]}}]}]
    deny: Any = [{"to": [{"operation": {"paths": [f"/v{1 - number % 2}"]}}]}]
    return {
        "policies": [
            {"name": f"allow-{number}", "action": "allow", "rules": rules},
            {"name": f"deny-{number}", "action": "deny", "rules": deny},
        ]
    }


def _status(stack: Stack, path: str, *headers: tuple[str, str]) -> tuple[int, str]:
    token = ("authorization", f"Bearer {stack.workspace.token()}")
    answer = send(stack.envoy.port, Call("GET", path, [token, *headers]))
    return answer.status, answer.reason


@pytest.mark.parametrize("mode", sorted(MODES))
def test_exchanged_under_load(mode: str) -> None:
    """While versions follow each other no request gets an answer that none of them would give."""
    with _running(mode) as (stack, publisher):
        sidecar = Sidecar(stack.workspace, stack.sidecar)
        assert _status(stack, "/own") == (503, "policies_unavailable")
        publisher.publish(1, _version(1))
        stack.sidecar.wait_for(lambda: _status(stack, "/always") == (200, ""), "the first bundle")
        token = stack.workspace.token()

        def request(number: int) -> bytes:
            # Allowed by every version, by the configuration, and by none.
            path = ("/always", "/own", "/never")[number % 3]
            return f"GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n".encode()

        with Load(stack.envoy.port, request, connections=6, least=300) as load:
            for number in range(2, 6):
                publisher.publish(number, _version(number))
                stack.sidecar.wait_for(lambda: _status(stack, f"/v{number}") == (200, ""), "a version")  # noqa: B023
                assert _status(stack, f"/v{1 - number % 2}") == (403, "denied_by_policy")
            load.finish()
        statuses = {status.partition("{")[0].strip(): count for status, count in load.statuses.items()}
        assert set(statuses) == {"200", "403"}
        assert abs(statuses["200"] - 2 * statuses["403"]) <= 2 * 6
        assert sidecar.metric('authz_policy_bundle_version{bundle="orders"}') == 5


def test_headers_that_only_a_bundle_looks_at() -> None:
    """Envoy's generated configuration sends them."""
    with _running("several") as (stack, publisher):
        rules: Any = [{"when": [{"key": "request.headers[x-team]", "values": ["a"]}]}]
        publisher.publish(1, {"policies": [{"name": "team", "action": "allow", "rules": rules}]})
        stack.sidecar.wait_for(lambda: _status(stack, "/x", ("x-team", "a")) == (200, ""), "the bundle")
        assert _status(stack, "/x") == (403, "no_policy_allows")
        # The look-alike of a header that only the bundle looks at reaches nobody.
        token = ("authorization", f"Bearer {stack.workspace.token()}")
        seen = send(stack.envoy.port, Call("GET", "/x", [token, ("x-team", "a"), ("x.team", "b")]))
        assert "x.team" not in dict(seen.upstream_headers or ())


def test_nothing_of_it_stays_behind() -> None:
    """A policy that is taken out allows nothing any more, to those who were let in by it either."""
    with _running("several") as (stack, publisher):
        publisher.publish(1, allow("/orders"))
        stack.sidecar.wait_for(lambda: _status(stack, "/orders") == (200, ""), "the bundle")
        publisher.publish(2, json.loads(json.dumps(allow("/other"))))
        stack.sidecar.wait_for(lambda: _status(stack, "/other") == (200, ""), "the second bundle")
        assert _status(stack, "/orders") == (403, "no_policy_allows")
