"""``token verify`` where the keys of the token's issuer are fetched."""

import json
from pathlib import Path

from sidecar.demo.workspace import AUDIENCE, Workspace
from support import faults
from support.commands import Run
from support.provider import JWKS
from support.remote import Issuer, configuration, running_issuer


def _token(workspace: Workspace, issuer: Issuer, name: str, **claims: int) -> str:
    return workspace.token(issuer.keys[name], iss=issuer.provider.issuer, aud=AUDIENCE, **claims)


def _configured(workspace: Workspace, *issuers: Issuer, **fetch: object) -> None:
    text = configuration(*(issuer.settings(**fetch) for issuer in issuers))
    workspace.config.write_text(text.replace("{listen}", "unix:/tmp/none"), encoding="utf-8")


def test_keys_are_fetched_once(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    """A good token is good, one with a key that the issuer has not is not, and no other issuer is asked."""
    with running_issuer(tmp_path / "idp", "a") as issuer, running_issuer(tmp_path / "other", "b") as other:
        _configured(workspace, issuer, other)
        done = run("token", "verify", "--config", workspace.config, stdin=_token(workspace, issuer, "a"))
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["issuer"] == issuer.provider.issuer
        assert (issuer.provider.asked(JWKS), other.provider.requests) == (1, [])
        issuer.publish("c")
        done = run("token", "verify", "--config", workspace.config, stdin=_token(workspace, issuer, "a"))
        assert (done.returncode, done.stderr.partition(" (")[0]) == (
            1,
            "refused: unknown_key: the token's key is not known",
        )


def test_nothing_is_fetched_for_a_token_that_is_refused_anyway(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    """An expired token costs its issuer no request."""
    with running_issuer(tmp_path / "idp", "a") as issuer:
        _configured(workspace, issuer)
        done = run("token", "verify", "--config", workspace.config, stdin=_token(workspace, issuer, "a", exp=1))
        assert done.stderr.startswith("refused: token_expired")
        assert issuer.provider.requests == []


def test_keys_that_cannot_be_fetched(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    """It is said what is wrong with the issuer, and nothing about the token; the same guards hold as in the sidecar."""
    with running_issuer(tmp_path / "idp", "a") as issuer:
        token, settings = _token(workspace, issuer, "a"), {"allow_private_addresses": False}
        for fetch, fault, text in (
            ({}, faults.answers(b"{}", "500 Oops"), "answers 500"),
            ({}, faults.answers(b'{"keys": []}', "200 OK"), "is that of None"),
            (settings, None, "is a private address"),
        ):
            issuer.provider.faults = {} if fault is None else {"": fault}
            _configured(workspace, issuer, **fetch)
            done = run("token", "verify", "--config", workspace.config, stdin=token)
            assert (done.returncode, done.stdout) == (3, "")
            assert done.stderr.startswith(f"the keys of {issuer.provider.issuer} could not be fetched: ")
            assert text in done.stderr
            assert "Traceback" not in done.stderr
