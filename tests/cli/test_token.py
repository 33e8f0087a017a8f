"""``token mint|inspect|verify``."""

import json
import subprocess

import pytest

from sidecar.demo.workspace import ISSUER, Workspace
from support.commands import Run

MINT = ("token", "mint", "--key", "signing.jwk", "--issuer", ISSUER, "--audience", "orders", "--subject", "bob")


def test_minted_token_verifies(run: Run, workspace: Workspace) -> None:
    """A token that mint signs is one that verify takes, with all that was asked for in it."""
    extra = ("--scope", "a b", "--claim", "tenant=acme", "--claim", 'groups=["x"]', "--expires-in", "60")
    token = run(*MINT, *extra).stdout
    verified = run("token", "verify", "--config", workspace.config, stdin=token)
    assert verified.returncode == 0, verified.stderr
    identity = json.loads(verified.stdout)
    assert identity["principal"] == f"{ISSUER}/bob"
    assert identity["scopes"] == ["a", "b"]
    assert identity["claims"]["groups"] == ["x"]
    assert identity["claims"]["tenant"] == "acme"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (("--expires-in", "-100"), "token_expired"),
        (("--audience", "x", "--claim", "aud=other"), "wrong_audience"),
        (("--claim", "iss=https://evil.example"), "unknown_issuer"),
        (("--claim", "sub=1"), "claim_invalid"),
    ],
)
def test_refused_token_says_why(run: Run, workspace: Workspace, changes: tuple[str, ...], reason: str) -> None:
    """A refused token ends verify with 1 and the reason code."""
    token = run(*MINT, *changes).stdout
    refused = run("token", "verify", "--config", workspace.config, stdin=token)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"refused: {reason}: ")


def test_verify_takes_an_authorization_value(run: Run, workspace: Workspace) -> None:
    """What was copied with its ``Bearer`` in front is understood."""
    done = run("token", "verify", "--config", workspace.config, stdin=f"Bearer {workspace.token()}\n")
    assert done.returncode == 0


def test_verify_never_prints_the_token(run: Run, workspace: Workspace) -> None:
    """Neither an accepted nor a refused token, nor its signature, stands in the output."""
    for token in (workspace.token(), workspace.token(workspace.stranger), workspace.token(exp=1)):
        done = run("token", "verify", "--config", workspace.config, stdin=token)
        signature = token.rpartition(".")[2]
        assert signature not in done.stdout + done.stderr


def test_inspect_shows_an_unverified_token(run: Run, workspace: Workspace) -> None:
    """Inspect shows header, claims and times of any JWT, and says first that nothing was verified."""
    shown = run("token", "inspect", workspace.token(workspace.stranger, exp=1))
    assert shown.returncode == 0
    assert shown.stdout.startswith("NOT VERIFIED")
    assert '"sub": "alice"' in shown.stdout
    assert "expires     1970-01-01 00:00:01+00:00" in shown.stdout


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c", "a.b.c.d", "é.é.é"])
def test_inspect_refuses_what_is_no_token(run: Run, text: str) -> None:
    """What is no JWT ends inspect with 1 and a message, never with a traceback."""
    refused = run("token", "inspect", stdin=text)
    assert refused.returncode == 1
    assert refused.stderr.startswith("no JWT: ")
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("claim", ["tenant", "=acme"])
def test_mint_refuses_a_claim_without_name_or_value(run: Run, workspace: Workspace, claim: str) -> None:
    """A malformed --claim is a usage error."""
    assert (workspace.folder / "signing.jwk").exists()
    refused = run(*MINT, "--claim", claim)
    assert refused.returncode == 2
    assert "write NAME=VALUE" in refused.stderr


def test_mint_refuses_a_public_key(run: Run, workspace: Workspace) -> None:
    """A key file without the private half is refused with the reason."""
    (workspace.folder / "public.jwk").write_text(json.dumps(workspace.key.public_jwk()), encoding="utf-8")
    refused: subprocess.CompletedProcess[str] = run(*("public.jwk" if part == "signing.jwk" else part for part in MINT))
    assert refused.returncode == 2
    assert "d is missing: this is no private key" in refused.stderr
