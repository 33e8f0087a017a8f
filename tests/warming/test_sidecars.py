"""Real sidecars: tokens that are verified before they are sent, and a cache that outlives a restart."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sidecar.cli.main import cli
from sidecar.demo.stack import start_sidecar
from sidecar.demo.workspace import AUDIENCE, ISSUER, Workspace
from sidecar.keys.signing import generate
from support.processes import eventually
from support.sidecars import Sidecar, running_sidecar

_CONFIGURATION = f"""\
listen: {{listen}}
servers: 2
verification_workers: 1
probe: {{listen: "127.0.0.1:0"}}
admin: {{listen: "unix:FOLDER/admin.sock"}}
shutdown_grace_seconds: 4
shared_memory_size: 1MiB
issuers: [{{issuer: "{ISSUER}", audiences: [{AUDIENCE}], keys: {{file: jwks.json}}}}]
policies: [{{name: all, action: allow, rules: [{{}}]}}]
revocation: {{file: revoked.jsonl}}
warm_up: {{snapshot_file: cache.snapshot, key_file: warm-up.key}}
"""
_REVOKED = json.dumps({"issuer": ISSUER, "sub": "user9", "expires_at": 4_000_000_000}) + "\n"


def _prepare(folder: Path) -> None:
    (folder / "revoked.jsonl").touch()
    (folder / "warm-up.key").write_bytes(b"0123456789abcdef" * 2)


def _command(folder: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["warm", "--against", f"unix:{folder}/admin.sock", *map(str, arguments)])


def _counts(found: Result) -> dict[str, int]:
    counts: dict[str, int] = json.loads(found.stdout)
    counts.pop("seconds")
    return counts


def _verified(sidecar: Sidecar) -> float:
    """Return how many signatures were verified so far, as far as heartbeats have told."""
    return sum(
        sidecar.metric(f'authz_verifications_total{{result="valid",route="{one}"}}') for one in ("inline", "pool")
    )


def test_warm(tmp_path: Path) -> None:
    """Tokens of a file are verified once, and kept for the next start, in whatever processes; nothing altered is."""
    snapshot, file = tmp_path / "cache.snapshot", tmp_path / "tokens.txt"
    with running_sidecar(tmp_path, _CONFIGURATION.replace("FOLDER", str(tmp_path)), before=_prepare) as sidecar:
        workspace = sidecar.workspace
        tokens = [workspace.token(sub=f"user{number}") for number in range(60)]
        bad = [workspace.token(sub="mallory", key=generate(workspace.key.key_id)), "nothing", "x.y.z"]
        file.touch(0o600)
        file.write_text("\n".join([*tokens, "", *bad]) + "\n", "ascii")
        assert eventually(sidecar.is_ready)
        first = _counts(_command(tmp_path, "--tokens", file))
        assert first == {"tokens": 63, "warmed": 60, "bad_signature": 1, "token_malformed": 2}
        again = _counts(_command(tmp_path, "--tokens", file))
        # Two servers that write to one slot at once lose an entry: nobody waits for a lock.
        assert again["known"] > 50
        assert again["known"] + again.get("warmed", 0) == 60
        assert all(sidecar.check(address, tokens[7]).allowed for address in sidecar.addresses)
        assert not sidecar.check(sidecar.addresses[0], bad[0]).allowed
        file.chmod(0o644)
        refused = _command(tmp_path, "--tokens", file)
        assert (refused.exit_code, "chmod 600" in str(refused.exception) + refused.output) == (2, True)
        assert not any(token in sidecar.printed() for token in tokens)
    assert snapshot.stat().st_mode & 0o777 == 0o600
    content = snapshot.read_bytes()
    assert not any(part.encode() in content for token in tokens for part in token.split(".")[1:])
    (tmp_path / "revoked.jsonl").write_text(_REVOKED, "utf-8")
    _again(tmp_path, workspace, tokens)
    _altered(tmp_path, workspace, content)


def _again(folder: Path, workspace: Workspace, tokens: list[str]) -> None:
    """Start once more, in one process: what was known is known, what was revoked meanwhile is refused."""
    with start_sidecar(workspace, environment={"AUTHZ_ENABLE_MULTIPROCESSING": "false"}) as process:
        sidecar = Sidecar(workspace, process)
        assert eventually(lambda: "identities restored" in sidecar.printed())
        restored = int(re.findall(r"(\d+) identities restored", sidecar.printed())[0])
        assert restored > 50
        (address,) = sidecar.addresses
        answers = [sidecar.check(address, token) for token in tokens]
        assert [answer.reason for answer in answers if not answer.allowed] == ["token_revoked"]
        assert sidecar.check(address, workspace.token(sub="new")).allowed
        assert eventually(lambda: _verified(sidecar) == 61 - restored)
        assert _counts(_command(folder, "--snapshot", folder / "cache.snapshot")) == {"restored": restored}
        nowhere = _command(folder, "--snapshot", folder / "nowhere")
        assert (nowhere.exit_code, "No such file" in nowhere.output + str(nowhere.exception)) == (2, True)


def _altered(folder: Path, workspace: Workspace, content: bytes) -> None:
    """Start with a snapshot of which one bit is another: it is refused, and all is verified again."""
    (folder / "cache.snapshot").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with start_sidecar(workspace, environment={"AUTHZ_ENABLE_MULTIPROCESSING": "false"}) as process:
        sidecar = Sidecar(workspace, process)
        assert eventually(lambda: "the snapshot is not restored: is not sealed" in sidecar.printed())
        assert sidecar.check(sidecar.addresses[0], workspace.token(sub="user1")).allowed


@pytest.mark.parametrize("arguments", [(), ("--tokens", "a", "--snapshot", "b"), ("--tokens", "/nowhere")])
def test_usage(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """One file is to be given, and a sidecar has to run."""
    assert _command(tmp_path, *arguments).exit_code in {2, 3}
