"""What happens when the sidecar is gone or slow. Each test has a stack of its own to break."""

import signal
import time
from collections.abc import Mapping

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack, start_sidecar
from sidecar.demo.workspace import CONFIGURATION
from support.processes import send_to_all
from support.stacks import PATIENT, running_stack


def _get(stack: Stack, path: str = "/orders/1", *headers: tuple[str, str]) -> Answer:
    authorization = ("authorization", f"Bearer {stack.workspace.token()}")
    return send(stack.envoy.port, Call("GET", path, (authorization, *headers)))


def _eventually_passes(stack: Stack) -> bool:
    deadline = time.monotonic() + PATIENT
    while time.monotonic() < deadline:
        if _get(stack).status == 200:
            return True
        time.sleep(0.05)
    return False


def test_killed_sidecar_lets_nothing_pass(mode: Mapping[str, str]) -> None:
    """With the sidecar killed a good token gets 503, and the upstream sees nothing."""
    with running_stack(environment=mode) as stack:
        assert _get(stack).status == 200
        stack.sidecar.signal(signal.SIGKILL)
        stack.sidecar.wait()
        answer = _get(stack)
        assert answer.status == 503
        assert answer.upstream_headers is None


def test_terminated_sidecar_ends_by_itself_with_0(mode: Mapping[str, str]) -> None:
    """SIGTERM ends the sidecar with exit code 0, and nothing passes afterwards."""
    with running_stack(CONFIGURATION + "shutdown_grace_seconds: 3\n", mode) as stack:
        stack.sidecar.signal(signal.SIGTERM)
        assert stack.sidecar.wait() == 0
        assert _get(stack).status == 503


def test_restarted_sidecar_is_found_again(mode: Mapping[str, str]) -> None:
    """A sidecar that comes back on the same socket, left over from a SIGKILL, answers again."""
    with running_stack(environment=mode) as stack:
        stack.sidecar.signal(signal.SIGKILL)
        stack.sidecar.wait()
        with start_sidecar(stack.workspace, "second.log", mode):
            assert _eventually_passes(stack)


def test_silent_sidecar_is_a_denial(mode: Mapping[str, str]) -> None:
    """With the sidecar stopped in mid-air Envoy's time-out denies with 503; once it goes on, requests pass again."""
    with running_stack(environment=mode, timeout_seconds=0.5) as stack:
        send_to_all(stack.sidecar.pid, signal.SIGSTOP)
        answer = _get(stack)
        assert answer.status == 503
        assert answer.upstream_headers is None
        send_to_all(stack.sidecar.pid, signal.SIGCONT)
        assert _eventually_passes(stack)


def test_failure_mode_allow_passes_without_identity(mode: Mapping[str, str]) -> None:
    """Under failure_mode_allow a dead sidecar lets requests in, without any identity header of the client's."""
    with running_stack(environment=mode, failure_mode_allow=True) as stack:
        stack.sidecar.signal(signal.SIGKILL)
        stack.sidecar.wait()
        answer = _get(stack, "/orders/1", ("x-auth-subject", "root"), ("x-auth-tenant", "root"))
        assert answer.status == 200
        assert not [name for name, _ in answer.upstream_headers or () if name.startswith("x-auth-")]


def test_failure_mode_allow_still_denies_while_the_sidecar_lives(mode: Mapping[str, str]) -> None:
    """failure_mode_allow changes nothing about a denial: it is an answer, not a failure."""
    with running_stack(environment=mode, failure_mode_allow=True) as stack:
        assert send(stack.envoy.port, Call("GET", "/orders/1")).status == 401


def test_failure_mode_allow_refuses_odd_paths_without_the_sidecar(mode: Mapping[str, str]) -> None:
    """With the sidecar dead under failure_mode_allow Envoy itself still refuses paths that are not in normal form."""
    with running_stack(environment=mode, failure_mode_allow=True) as stack:
        stack.sidecar.signal(signal.SIGKILL)
        stack.sidecar.wait()
        assert _get(stack, "/public/../admin").status == 400
