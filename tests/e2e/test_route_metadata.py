"""Conditions on the metadata of the route that the real Envoy chose."""

import http.client
import json
from collections.abc import Mapping
from typing import Any

import pytest

from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from sidecar.envoy_config.bootstrap import to_json
from sidecar.envoy_config.options import EnvoyOptions
from support.stacks import MODES, running_stack

_CONDITION = "route.metadata['com.example'].tier == 'gold' && route.metadata['com.example'].limit < 10"
_CONFIGURATION = "request:\n  route_metadata: [com.example]\n" + CONFIGURATION.replace(
    '    scopes: ["orders:write"]\n    rules:\n      - to:',
    f'    rules:\n      - when: [{{cel: "{_CONDITION}"}}]\n        to:',
)


def _with_metadata(document: Any, metadata: Mapping[str, object]) -> Any:  # noqa: ANN401 - any JSON
    """Return the configuration with metadata on each of its routes to the application."""
    if isinstance(document, list):
        return [_with_metadata(one, metadata) for one in document]
    if not isinstance(document, dict):
        return document
    more = {"metadata": {"filterMetadata": metadata}} if "cluster" in document.get("route", {}) else {}
    return {name: _with_metadata(value, metadata) for name, value in document.items()} | more


@pytest.fixture(params=["native", "grpcio"])
def environment(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """Return the environment of a sidecar with either transport."""
    return MODES.get(request.param, {})


def _posting(stack: Stack) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", stack.envoy.port, timeout=30)
    try:
        connection.request("POST", "/orders/1", headers={"authorization": f"Bearer {stack.workspace.token()}"})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        ({"com.example": {"tier": "gold", "limit": 3}, "org.example": {"tier": "silver"}}, 200),
        ({"com.example": {"tier": "silver", "limit": 3}}, 403),
        ({"org.example": {"tier": "gold", "limit": 3}}, 403),
        ({}, 403),
    ],
)
def test_what_the_route_says_decides(
    monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], metadata: Mapping[str, object], status: int
) -> None:
    """Envoy sends the namespaces that the configuration names, and no others; without, a condition cannot be told."""

    def with_metadata(options: EnvoyOptions) -> str:
        return json.dumps(_with_metadata(json.loads(to_json(options)), metadata))

    monkeypatch.setattr("sidecar.demo.envoy.to_json", with_metadata)
    with running_stack(_CONFIGURATION, environment) as stack:
        assert _posting(stack) == status
