"""Global dry run through the real Envoy, switched on and off by a reload."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from support.sidecars import Sidecar
from support.stacks import running_stack

_CONFIGURATION = CONFIGURATION.replace("probe:\n  listen: false", 'probe:\n  listen: "127.0.0.1:0"')
_DRY = f"dry_run: true\n{_CONFIGURATION}"
_FORGED = [("x-auth-subject", "root"), ("x-auth-tenant", "root"), ("x-auth-scopes", "all")]


@pytest.fixture
def stack(mode: Mapping[str, str]) -> Iterator[Stack]:
    """Run a stack that enforces nothing."""
    with running_stack(_DRY, mode) as one:
        yield one


def _ask(stack: Stack, path: str, token: str | None = None, method: str = "GET") -> Answer:
    headers = [] if token is None else [("authorization", f"Bearer {token}")]
    return send(stack.envoy.port, Call(method, path, [*headers, *_FORGED]))


def _subject(answer: Answer) -> str | None:
    assert answer.status == 200
    found = dict(answer.upstream_headers or ())
    assert "root" not in found.values()
    return found.get("x-auth-subject")


def test_nothing_is_enforced(stack: Stack) -> None:
    """What would be denied passes, with the identity of verified tokens alone; a reload enforces it."""
    workspace, sidecar = stack.workspace, Sidecar(stack.workspace, stack.sidecar)
    good, stranger, suspended = (
        workspace.token(),
        workspace.token(workspace.stranger),
        workspace.token(tenant="suspended"),
    )
    for _ in range(3):
        assert _subject(_ask(stack, "/orders/1", good)) == "alice"
        assert _subject(_ask(stack, "/orders/1", good, "DELETE")) == "alice"
        assert _subject(_ask(stack, "/orders/1", good, "POST")) == "alice"
        assert _subject(_ask(stack, "/orders/1", suspended)) == "alice"
        assert _subject(_ask(stack, "/orders/1")) is None
        assert _subject(_ask(stack, "/orders/1", stranger)) is None
        assert _subject(_ask(stack, "/orders/1", workspace.token(exp=1))) is None
    assert "[+]dry-run ok: nothing is enforced\n" in sidecar.get("/readyz?verbose")[1]
    assert sidecar.metric("authz_dry_run") == 1
    for reason, count in (("no_credential", 3), ("unknown_key", 3), ("insufficient_scope", 3), ("allowed", 0)):
        assert sidecar.checks(outcome="would_deny", reason=reason) == count
    assert sidecar.checks(outcome="allowed", reason="allowed") == 3
    assert "nothing is enforced" in stack.sidecar.printed()

    workspace.config.write_text(_CONFIGURATION.replace("{listen}", workspace.socket), encoding="utf-8")
    stack.sidecar.wait_for(lambda: _ask(stack, "/orders/1").status == 401, "the reload")
    stack.sidecar.wait_for(lambda: sidecar.metric("authz_dry_run") == 0, "control's word")
    for _ in range(3):
        assert _subject(_ask(stack, "/orders/1", good)) == "alice"
        assert _ask(stack, "/orders/1", good, "DELETE").reason == "no_policy_allows"
        assert _ask(stack, "/orders/1", suspended).reason == "denied_by_policy"
        assert _ask(stack, "/orders/1", stranger).reason == "unknown_key"
    assert "dry-run" not in sidecar.get("/readyz?verbose")[1]


def test_what_envoy_refuses_by_itself(stack: Stack) -> None:
    """A request that Envoy's generated configuration refuses never comes to the sidecar, in dry run as well."""
    assert _ask(stack, "/orders/../1").status == 400


def test_check_config_says_so() -> None:
    """And so does a check of the configuration."""
    from click.testing import CliRunner  # noqa: PLC0415 - for this alone

    from sidecar.cli.main import cli  # noqa: PLC0415 - the same
    from sidecar.demo.workspace import prepare  # noqa: PLC0415 - the same

    with tempfile.TemporaryDirectory() as folder:
        result = CliRunner().invoke(cli, ["check-config", str(prepare(Path(folder), _DRY).config)])
    assert (result.exit_code, "warning: dry_run: nothing is enforced" in result.stderr) == (0, True)
