"""Conditions on the metadata of the route that the real Envoy chose."""

import http.client
import json
from collections.abc import Iterator, Mapping
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


_CASES: tuple[tuple[Mapping[str, object], int], ...] = (
    ({"com.example": {"tier": "gold", "limit": 3}, "org.example": {"tier": "silver"}}, 200),
    ({"com.example": {"tier": "silver", "limit": 3}}, 403),
    ({"org.example": {"tier": "gold", "limit": 3}}, 403),
    ({}, 403),
)


def _with_cases(document: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the configuration with each route for each case as well, which a request chooses by a header."""
    if isinstance(document, list):
        return [_with_cases(one) for one in document]
    if not isinstance(document, dict):
        return document
    found = {name: _with_cases(value) for name, value in document.items()}
    if "routes" in found:
        found["routes"] = [_of_case(route, number) for number in range(len(_CASES)) for route in found["routes"]]
    return found


def _of_case(route: Mapping[str, Any], number: int) -> dict[str, Any]:
    chosen = {"name": "x-case", "stringMatch": {"exact": str(number)}}
    match = route["match"] | {"headers": [*route["match"].get("headers", []), chosen]}
    return {**route, "match": match, "metadata": {"filterMetadata": _CASES[number][0]}}


@pytest.fixture(scope="module", params=["native", "grpcio"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Run Envoy with the routes of all cases, beside a sidecar with either transport."""

    def with_cases(options: EnvoyOptions) -> str:
        return json.dumps(_with_cases(json.loads(to_json(options))))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sidecar.demo.envoy.to_json", with_cases)
        with running_stack(_CONFIGURATION, MODES.get(request.param, {})) as running:
            yield running


@pytest.mark.parametrize("number", range(len(_CASES)))
def test_what_the_route_says_decides(stack: Stack, number: int) -> None:
    """Envoy sends the namespaces that the configuration names, and no others; without, a condition cannot be told."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.envoy.port, timeout=30)
    headers = {"authorization": f"Bearer {stack.workspace.token()}", "x-case": str(number)}
    try:
        connection.request("POST", "/orders/1", headers=headers)
        assert connection.getresponse().status == _CASES[number][1]
    finally:
        connection.close()
