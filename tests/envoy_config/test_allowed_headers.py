"""Which headers a real Envoy sends, where it is told to send few, and what it says of that."""

import json

import httpx
import pytest

from sidecar.demo.workspace import CONFIGURATION
from support.processes import eventually
from support.sidecars import Sidecar
from support.stacks import running_stack

_POLICY = """
  - name: blocked-teams
    action: deny
    rules:
      - when:
          - key: request.headers[x-team]
            values: [blocked]
"""


@pytest.mark.parametrize("encode_raw_headers", [False, True])
def test_policies_see_what_they_look_at(encode_raw_headers: bool) -> None:  # noqa: FBT001 - a parameter
    """A header that a policy looks at is sent, and one that could be taken for an identity header is removed."""
    configuration = CONFIGURATION.replace("policies:\n", "policies:\n" + _POLICY)
    with running_stack(configuration, encode_raw_headers=encode_raw_headers) as stack:
        url = f"http://127.0.0.1:{stack.envoy.port}/orders/1"
        headers = {"authorization": f"Bearer {stack.workspace.token()}"}
        allowed = httpx.get(url, headers=headers | {"x-auth.tenant": "evil", "x-other": "1"})
        assert allowed.status_code == 200
        seen = {name.lower(): value for name, value in allowed.json()["headers"]}
        assert "x-auth.tenant" not in seen
        assert (seen["x-auth-tenant"], seen["x-other"]) == ("acme", "1")
        assert httpx.get(url, headers=headers | {"x-team": "blocked"}).status_code == 403


def test_envoy_of_yesterday() -> None:
    """A policy that looks at a header Envoy was not told to send denies everything, and the sidecar is not ready."""
    probes = CONFIGURATION.replace("listen: false", "listen: 127.0.0.1:0")
    with running_stack(probes, allowed_headers=("authorization",)) as stack:
        sidecar = Sidecar(stack.workspace, stack.sidecar)
        assert eventually(sidecar.is_ready), stack.sidecar.printed()
        answer = httpx.get(
            f"http://127.0.0.1:{stack.envoy.port}/orders/1",
            headers={"authorization": f"Bearer {stack.workspace.token()}"},
        )
        assert answer.status_code == 503
        assert json.loads(answer.text)["reason"] == "envoy_config_stale"
        assert eventually(lambda: not sidecar.is_ready())  # counters are looked at once a second
        assert "does not send all headers that policies look at" in sidecar.get("/readyz")[1]
