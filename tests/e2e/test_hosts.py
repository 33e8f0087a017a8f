"""Spellings of a host, through the real Envoy, against a policy that denies it."""

from collections.abc import Iterator, Mapping

import pytest

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from support.stacks import running_stack

DENY = """\
policies:
  - name: no-admin
    action: deny
    rules:
      - to:
          - operation:
              hosts: [admin.example]
"""


@pytest.fixture(scope="module")
def guarded(mode: Mapping[str, str]) -> Iterator[Stack]:
    """Run a stack with a deny policy for one host."""
    with running_stack(CONFIGURATION.replace("policies:\n", DENY, 1), mode) as stack:
        yield stack


def _ask(stack: Stack, *hosts: str) -> Answer:
    token = ("authorization", f"Bearer {stack.workspace.token()}")
    return send(stack.envoy.port, Call("GET", "/orders/1", (*(("host", host) for host in hosts), token)))


@pytest.mark.parametrize(
    "host", ["admin.example", "ADMIN.example", "admin.example.", "admin.example:80", "admin.example.:80"]
)
def test_denied_host_in_normal_form(guarded: Stack, host: str) -> None:
    """Case, a closing dot and a port do not matter to a rule."""
    assert _ask(guarded, host).reason == "denied_by_policy"


@pytest.mark.parametrize(
    "host",
    [
        *("admin.example:", "admin.example.:", "admin.example:8443:80", "admin.example:+80", "admin.example:0x50"),
        *("admin%2eexample", "adm%69n.example", "admin.example,foo", "admin.example;", ".admin.example"),
        *("admin.example@x", "x@admin.example", "good.example,admin.example", "", "[::1", "127.1", "0x7f000001"),
    ],
)
def test_host_that_is_not_normal(guarded: Stack, host: str) -> None:
    """Any other spelling is refused, by Envoy or by the sidecar, and reaches nobody."""
    answer = _ask(guarded, host)
    assert answer.status in {400, 403, 404}
    assert answer.upstream_headers is None


def test_two_hosts(guarded: Stack) -> None:
    """Two Host headers, which Envoy joins, reach nobody."""
    assert _ask(guarded, "good.example", "admin.example").upstream_headers is None


def test_other_host_passes(guarded: Stack) -> None:
    """The policy of these tests does not deny everything."""
    assert _ask(guarded, "good.example").status == 200
