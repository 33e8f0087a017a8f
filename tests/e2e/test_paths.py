"""Paths that would be something else to somebody else, through the real Envoy, against what it lets through."""

from collections.abc import Mapping

import pytest

from sidecar.core.path import PathMode
from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from support.bypass import Guard, anything, filled, rows
from support.stacks import running_stack

#: Rows of the bypass table that no policy ever sees, about a path that is allowed.
TRICKS = [filled(row.request.target, Guard("", anything, "orders/1")) for row in rows("paths") if row.reason]


def _get(stack: Stack, path: str) -> Answer:
    return send(stack.envoy.port, Call("GET", path, (("authorization", f"Bearer {stack.workspace.token()}"),)))


@pytest.mark.parametrize("path", TRICKS)
def test_path_that_is_not_normal_is_denied_with_its_reason(stack: Stack, path: str) -> None:
    """By default each of these is denied by the sidecar, which says why."""
    answer = _get(stack, path)
    assert (answer.status, answer.reason) == (400, "path_not_normal")
    assert answer.upstream_headers is None


@pytest.mark.parametrize("path", ["/orders/1#/../admin", "*", "orders/1"])
def test_target_that_envoy_refuses_reaches_nobody(stack: Stack, path: str) -> None:
    """What Envoy refuses by itself is refused."""
    answer = _get(stack, path)
    assert answer.status in {400, 404}
    assert answer.upstream_headers is None


@pytest.mark.parametrize("path", ["/orders/", "/orders/caf%C3%A9", "/orders/bob%40example.com", "/orders/a.b-c_d~e"])
def test_normal_path_passes_untouched(stack: Stack, path: str) -> None:
    """A path in normal form passes, and the upstream gets it as it was sent."""
    answer = _get(stack, path)
    assert answer.status == 200
    assert f'"{path}"'.encode() in answer.body


#: By mode of Istio's what is sent and what arrives.
_ARRIVING = {
    PathMode.NONE: [("/orders//1/../2", "/orders//1/../2")],
    PathMode.BASE: [("/admin/../orders/1", "/orders/1"), ("/orders//1", "/orders//1")],
    PathMode.MERGE_SLASHES: [("//orders///1", "/orders/1")],
    PathMode.DECODE_AND_MERGE_SLASHES: [("/orders%2F1", "/orders/1")],
}


def _istio(path_mode: PathMode) -> str:
    return f"{CONFIGURATION}\nrequest:\n  path_mode: {path_mode}\n"


@pytest.mark.parametrize("path_mode", _ARRIVING)
def test_istio_mode_decides_on_what_arrives(path_mode: PathMode, mode: Mapping[str, str]) -> None:
    """In Istio's modes Envoy normalises first: sidecar and upstream see the same path."""
    with running_stack(_istio(path_mode), mode) as stack:
        for sent, arrives in _ARRIVING[path_mode]:
            answer = _get(stack, sent)
            assert answer.status == 200
            assert f'"{arrives}"'.encode() in answer.body
        assert _get(stack, "/orders/../admin").status == (200 if path_mode is PathMode.NONE else 403)


def test_istio_mode_without_its_envoy_setting_denies(mode: Mapping[str, str]) -> None:
    """A sidecar in mode base beside an Envoy that does not normalise denies rather than decide on another path."""
    with running_stack(_istio(PathMode.BASE), mode, path_mode=PathMode.NONE) as stack:
        answer = _get(stack, "/orders/../admin")
        assert (answer.status, answer.reason) == (400, "path_not_normal")
