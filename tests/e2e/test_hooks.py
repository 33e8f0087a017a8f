"""Hooks through the real Envoy: what they deny, add and allow, and whatever else they do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from support.processes import eventually
from support.sidecars import Sidecar
from support.stacks import MODES, running_stack

_HOOKS = """
import asyncio, os, time
from sidecar.hooks import *

@hook(reads_headers=["x-mode"], sets_headers=["x-tenant"])
def plain(request, identity):
    mode = request.headers.get("x-mode")
    if mode == "deny": return deny("because", status=418, message="no tea here")
    if mode == "raise": raise SystemExit(0)
    if mode == "true": return True
    if mode == "slow": time.sleep(0.3)
    if mode == "add": return add({"x-tenant": "acme"}, metadata={"tenant": "acme"})
    if mode == "inject": return add({"x-tenant": "a\\r\\nx-auth-subject: root"})
    if mode == "undeclared": return add({"x-auth-subject": "root"})
    if mode == "allow": return allow(headers={"x-tenant": "guest"})
    if request.path == "/orders/secret": return deny("hidden")

@hook(reads_headers=["x-mode"], timeout=0.3)
async def waits(request, identity):
    mode = request.headers.get("x-mode")
    if mode == "never": await asyncio.sleep(60)
    if mode == "late": await asyncio.sleep(0.01); return deny("late, and in time")

@hook(reads_headers=["x-mode"], cpu_bound=True, timeout=5)
def calculates(request, identity):
    mode = request.headers.get("x-mode")
    if mode == "spin":
        while True: pass
    if mode == "count": return deny(str(sum(range(100000))), message=identity.claims["tenant"])

def never_allows(request, identity):
    return allow()
"""
_CONFIGURATION = (
    CONFIGURATION.replace("listen: false", 'listen: "127.0.0.1:0"')
    + """
hook_folder: .
hooks:
  - {call: "of_e2e:plain", may_allow: true, budget_seconds: 0.25, timeout_seconds: 5}
  - of_e2e:waits
  - of_e2e:calculates
  - {call: "of_e2e:never_allows", on: [{paths: ["/orders/strange"]}]}
"""
)


@pytest.fixture(scope="module", params=sorted(MODES))
def hooked(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Run a stack whose sidecar asks hooks, in several processes, in one, and on grpcio."""

    def write(folder: Path) -> None:
        (folder / "of_e2e.py").write_text(_HOOKS, encoding="utf-8")

    with running_stack(_CONFIGURATION, MODES[request.param], write) as stack:
        assert eventually(Sidecar(stack.workspace, stack.sidecar).is_ready), stack.sidecar.printed()
        yield stack


def _ask(stack: Stack, mode: str | None, path: str = "/orders/1", token: str | None = "") -> Answer:
    credential = () if token is None else (("authorization", f"Bearer {token or stack.workspace.token()}"),)
    more = () if mode is None else (("x-mode", mode),)
    return send(stack.envoy.port, Call("GET", path, (*credential, ("x-tenant", "forged"), *more)))


def _upstream(answer: Answer, name: str) -> list[str]:
    assert answer.upstream_headers is not None, answer
    return [value for header, value in answer.upstream_headers if header.replace("_", "-") == name]


def test_nothing_to_say(hooked: Stack) -> None:
    """The request passes as it would without, but for the header that only a hook may set."""
    answer = _ask(hooked, None)
    assert (answer.status, _upstream(answer, "x-tenant")) == (200, [])
    assert _upstream(answer, "x-auth-subject") == ["alice"]


def test_denial(hooked: Stack) -> None:
    """A denial has the hook's status."""
    answer = _ask(hooked, "deny")
    assert (answer.status, answer.reason, answer.upstream_headers) == (418, "denied_by_hook", None)


def test_header(hooked: Stack) -> None:
    """The upstream gets the hook's header, once, in place of the client's."""
    assert _upstream(_ask(hooked, "add"), "x-tenant") == ["acme"]


@pytest.mark.parametrize("mode", ["raise", "true", "inject", "undeclared"])
def test_failure(hooked: Stack, mode: str) -> None:
    """What is no answer denies, and the server goes on."""
    for _ in range(2):
        answer = _ask(hooked, mode)
        assert (answer.status, answer.reason, answer.upstream_headers) == (503, "hook_failed", None)
    assert _ask(hooked, None).status == 200


def test_may_allow(hooked: Stack) -> None:
    """One that may allow lets in what no policy allows, those alone who have a token, and never what is denied."""
    assert _ask(hooked, None, "/nowhere").reason == "no_policy_allows"
    answer = _ask(hooked, "allow", "/nowhere")
    assert (answer.status, _upstream(answer, "x-tenant"), _upstream(answer, "x-auth-subject")) == (
        200,
        ["guest"],
        ["alice"],
    )
    assert _ask(hooked, "allow", "/nowhere", None).reason == "no_credential"
    assert _ask(hooked, "allow", "/nowhere", "broken").status == 401
    suspended = hooked.workspace.token(tenant="suspended")
    assert _ask(hooked, "allow", "/orders/1", suspended).reason == "denied_by_policy"


def test_may_not_allow(hooked: Stack) -> None:
    """One that may not, and does, fails."""
    assert _ask(hooked, None, "/orders/strange").reason == "hook_failed"


@pytest.mark.parametrize("path", ["/orders/secret", "/orders/secret%20", "/orders/secret%23", "/orders/s%C3%A9cret"])
def test_readings_of_the_path(hooked: Stack, path: str) -> None:
    """A path that some upstream takes for one that a hook denies is denied."""
    answer = _ask(hooked, None, path)
    assert answer.status == (200 if "%C3%A9" in path else 403)


def test_async(hooked: Stack) -> None:
    """An async one is waited for, until its time is over."""
    assert _ask(hooked, "late").reason == "denied_by_hook"
    assert _ask(hooked, "never").reason == "hook_timeout"
    assert _ask(hooked, None).status == 200


def test_cpu_bound(hooked: Stack) -> None:
    """One that calculates does so elsewhere, with the claims before it, and is ended if it does not come back."""
    assert _ask(hooked, "count").reason == "denied_by_hook"
    assert _ask(hooked, "spin").reason == "hook_timeout"
    assert eventually(lambda: _ask(hooked, None).status == 200)


def test_public_path(hooked: Stack) -> None:
    """On a public path it is asked about nobody, and its denial holds."""
    assert _ask(hooked, "deny", "/public/a", None).status == 418
    assert _upstream(_ask(hooked, "add", "/public/a", None), "x-tenant") == ["acme"]
    assert _upstream(_ask(hooked, None, "/public/a", None), "x-tenant") == []


def test_metrics(hooked: Stack) -> None:
    """Each hook is counted under its name."""
    sidecar = Sidecar(hooked.workspace, hooked.sidecar)
    before = sidecar.metric('authz_hook_results_total{hook="of_e2e:plain",result="deny"}')
    _ask(hooked, "deny")
    assert eventually(lambda: sidecar.metric('authz_hook_results_total{hook="of_e2e:plain",result="deny"}') > before)


def test_too_slow(hooked: Stack) -> None:
    """A plain one over its budget denies; after three of these it is asked elsewhere, and given its time."""
    found = [_ask(hooked, "slow").reason for _ in range(3 * 2 + 1)]
    assert "hook_timeout" in found
    assert eventually(lambda: "is asked in a process of its own from now on" in hooked.sidecar.printed())
    assert eventually(lambda: _ask(hooked, "slow").status == 200)
