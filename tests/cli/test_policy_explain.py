"""``policy explain`` with a token, and against a running sidecar."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.demo.workspace import CONFIGURATION, Workspace
from sidecar.keys.signing import SigningKey
from support.commands import Run
from support.processes import eventually
from support.revoking import Admin
from support.sidecars import Sidecar, running_sidecar

_REQUEST = ("--request", "GET https://api.example.com/orders/1")


def _explained(run: Run, *arguments: str | Path, stdin: str = "") -> dict[str, Any]:
    done = run("policy", "explain", "--json", *_REQUEST, *arguments, stdin=stdin)
    assert done.returncode in {0, 1}, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["decision"] == "allow") is (done.returncode == 0)
    return found


def _forged(workspace: Workspace) -> str:
    """Return a token that somebody else signed, with the name of the issuer's key."""
    return workspace.token(SigningKey(workspace.key.key_id, workspace.stranger.private))


def test_token(run: Run, workspace: Workspace) -> None:
    """A token is verified with the configured keys, and its claims are what policy sees."""
    found = _explained(run, "--config", workspace.config, "--token", "-", stdin=f"Bearer {workspace.token()}\n")
    assert (found["decision"], found["policy"]) == ("allow", "read-orders")
    suspended = workspace.token(tenant="suspended")
    found = _explained(run, "--config", workspace.config, "--token", suspended)
    assert (found["reason"], found["policy"]) == ("denied_by_policy", "suspended-tenants")
    assert suspended not in json.dumps(found)


def test_token_that_is_not_good(run: Run, workspace: Workspace) -> None:
    """One that somebody else signed is refused, and no policy is looked at."""
    found = _explained(run, "--config", workspace.config, "--token", _forged(workspace))
    assert (found["reason"], found["policies"]) == ("bad_signature", [])


def test_colour(run: Run, workspace: Workspace) -> None:
    """There is colour where it is wanted (FORCE_COLOR stands for a terminal), and none with NO_COLOR."""
    command = ("policy", "explain", "--config", workspace.config, *_REQUEST, "--token", workspace.token())
    plain, terminal = run(*command), {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    coloured = run(*command, environment=terminal)
    assert "\x1b[1;32mALLOW" in coloured.stdout
    without = run(*command, environment=terminal | {"NO_COLOR": "1"})
    assert "\x1b[1;32m" not in without.stdout
    assert "\x1b[" not in plain.stdout
    assert "✓ allow policy read-orders" in plain.stdout


def test_what_steers_terminals(run: Run, workspace: Workspace) -> None:
    """Claims are whoever's the issuer lets choose them: their escape sequences are written out."""
    token = workspace.token(tenant="\x1b]0;owned\x07\x9b31m")
    done = run("policy", "explain", "--config", workspace.config, *_REQUEST, "--token", token)
    assert r"\x1b]0;owned\x07\x9b31m" in done.stdout
    assert all(line.isprintable() for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--token", "a", "--claims", "{}"), "--claims: goes with neither"),
        (("--against", "unix:/a", "--claims", "{}"), "--claims: goes with neither"),
        ((), "give --config"),
        (("--token", "ä"), "--token: empty, or with characters"),
        (("--against", "here"), "here"),
    ],
)
def test_options_that_do_not_go_together(run: Run, arguments: tuple[str, ...], message: str) -> None:
    """They end with 2, and say what to give."""
    done = run("policy", "explain", *_REQUEST, *arguments)
    assert (done.returncode, message in done.stderr) == (2, True)


def test_nobody_there(run: Run, tmp_path: Path) -> None:
    """Without a sidecar at the address the answer is not a decision."""
    done = run("policy", "explain", *_REQUEST, "--against", f"unix:{tmp_path}/admin.sock")
    assert (done.returncode, "is the sidecar running?" in done.stderr) == (3, True)


@pytest.fixture(params=["several", "single"])
def sidecar(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sidecar]:
    """Run a sidecar with its administration on a Unix socket, in several processes and in one."""
    administered = (
        f'admin: {{listen: "unix:{tmp_path}/admin.sock"}}\n'
        "revocation: {admin_api: true}\n"
        + CONFIGURATION.replace("probe:\n  listen: false", 'probe: {listen: "127.0.0.1:0"}').replace(
            "      file: jwks.json\n",
            "      file: jwks.json\n    max_lifetime_seconds: 7200\n    required_claims: [sub, iat]\n",
        )
    )
    environment = {"AUTHZ_ENABLE_MULTIPROCESSING": "false"} if request.param == "single" else {}
    with running_sidecar(tmp_path, administered, environment) as one:
        one.process.wait_for(one.is_ready, "the sidecar")
        yield one


def test_against_a_sidecar(run: Run, sidecar: Sidecar, tmp_path: Path) -> None:
    """It says what it would decide; nothing of that is kept or counted, and other addresses say nothing."""
    against = ("--against", f"unix:{tmp_path}/admin.sock")
    token = sidecar.workspace.token(jti="one")
    before = sidecar.get("/metrics")[1]
    # Where policies are written it knows once it has read the files itself.
    assert eventually(lambda: _explained(run, *against, "--token", token)["policies"][0]["place"] is not None)
    found = _explained(run, *against, "--token", token)
    assert (found["decision"], found["policy"]) == ("allow", "read-orders")
    assert found == _explained(run, "--config", sidecar.workspace.config, "--token", token)
    assert _explained(run, *against, "--token", _forged(sidecar.workspace))["reason"] == "bad_signature"
    assert _counted(sidecar.get("/metrics")[1]) == _counted(before)
    assert sidecar.get("/explain")[0] == 404
    assert Admin(tmp_path).post({"issuer": "https://idp.demo.example", "jti": "one"})[0] == 201
    assert _explained(run, *against, "--token", token)["reason"] == "token_revoked"
    assert token not in sidecar.printed()


def _counted(metrics: str) -> list[str]:
    """Return what is counted of checks, caches and tokens."""
    names = ("authz_checks", "authz_cache", "authz_verifications", "authz_shed", "authz_assertions")
    found = [line for line in metrics.splitlines() if line.startswith(names)]
    assert found
    return found
