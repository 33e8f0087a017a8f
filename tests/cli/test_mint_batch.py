"""``token mint --batch``: many tokens at once, and keys of every kind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

import jwt
import pytest
from tokens.keyfiles import assert_secret, pem, private_jwk

from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.tokens.batch import WorkerLostError, sign_batch
from sidecar.tokens.key_file import KeyFile
from support.commands import Run
from support.keypairs import pair
from support.processes import descendants, eventually

MINT = ("token", "mint", "--key", "signing.jwk", "--issuer", "https://idp.example", "--audience", "orders")
#: More than one piece, so that several processes have some.
MANY = 600


def _lines(number: int) -> str:
    return "".join(f'{{"sub": "user-{turn}"}}\n' for turn in range(number))


def _signing(pid: int) -> list[int]:
    """Return the processes that sign for a command."""
    return [one for one in descendants(pid) if b"spawn_main" in _command(one)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended
        return b""


def _claims(token: str) -> dict[str, object]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


@pytest.mark.parametrize("workers", ["0", "2"])
def test_tokens_come_in_the_order_of_their_lines(run_process: Run, tmp_path: Path, workers: str) -> None:
    """Each line has its token, verified by PyJWT, whether one process signs or several."""
    run_process("keys", "generate", "--out", "signing.jwk", "--jwks", "jwks.json")
    done = run_process(*MINT, "--batch", environment={"AUTHZ_JWT_PROCESSOR_WORKERS": workers}, stdin=_lines(MANY))
    assert done.returncode == 0, done.stderr
    key = jwt.PyJWK(json.loads((tmp_path / "jwks.json").read_text(encoding="utf-8"))["keys"][0])
    found = [jwt.decode(token, key, ["EdDSA"], audience="orders")["sub"] for token in done.stdout.split()]
    assert found == [f"user-{turn}" for turn in range(MANY)]


def test_claims_of_a_line_come_first(run: Run, tmp_path: Path) -> None:
    """Options are for all tokens, the file's claims come before them, and a line's before both."""
    run("keys", "generate", "--out", "signing.jwk")
    (tmp_path / "claims.json").write_text('{"tenant": "acme", "sub": "file"}', encoding="utf-8")
    lines = '{"iss": "other"}\n\n{"tenant": "umbrella", "sub": "line"}\n'
    done = run(*MINT, "--subject", "option", "--claims", "claims.json", "--batch", stdin=lines)
    first, second = map(_claims, done.stdout.split())
    assert (first["iss"], first["sub"], first["tenant"]) == ("other", "file", "acme")
    assert (second["iss"], second["sub"], second["tenant"]) == ("https://idp.example", "line", "umbrella")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{}", "line 3: no sub; give --subject, or the claim"),
        ('{"sub": ', "line 3: not a JSON object: "),
        ('["sub"]', "line 3: not a JSON object: "),
        ('{"sub": "a", "sub": "b"}', "line 3: not a JSON object: a member is given twice"),
        ('{"sub": NaN}', "line 3: not a JSON object: NaN is not JSON"),
    ],
)
def test_wrong_line_is_named(run: Run, line: str, problem: str) -> None:
    """Where a line is wrong nothing is signed, and the error has its number, empty lines counted."""
    run("keys", "generate", "--out", "signing.jwk")
    refused = run(*MINT, "--batch", stdin=f'{{"sub": "a"}}\n\n{line}\n')
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(problem)


def test_without_batch_the_claims_may_be_a_file(run: Run, tmp_path: Path) -> None:
    """One token of a file's claims alone; one that lacks a claim is refused with the file's name."""
    run("keys", "generate", "--out", "signing.jwk")
    (tmp_path / "good.json").write_text('{"iss": "i", "sub": "s", "aud": ["a"], "exp": 1}', encoding="utf-8")
    (tmp_path / "bad.json").write_text('{"iss": "i", "sub": "s"}', encoding="utf-8")
    command = ("token", "mint", "--key", "signing.jwk", "--type", "at+jwt", "--claims")
    token = run(*command, "good.json").stdout.strip()
    assert _claims(token)["exp"] == 1
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    refused = run(*command, "bad.json")
    assert refused.returncode == 2
    assert refused.stderr.startswith("bad.json: no aud;")


@pytest.mark.parametrize("form", ["jwk", "pem"])
@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_every_algorithm(run: Run, tmp_path: Path, algorithm: Algorithm, form: str) -> None:
    """Keys of every kind sign, as JWK and as PEM, and PyJWT verifies."""
    one = pair(algorithm)
    file = tmp_path / "key"
    file.write_bytes(pem(one) if form == "pem" else json.dumps(private_jwk(one)).encode())
    command = ("token", "mint", "--key", "key", "--issuer", "i", "--audience", "a", "--subject", "s")
    done = run(*command, *(("--algorithm", algorithm.value) if form == "pem" else ()))
    assert done.returncode == 0, done.stderr
    token = done.stdout.strip()
    assert jwt.decode(token, one.private.public_key(), [algorithm.value], audience="a")["sub"] == "s"
    assert_secret(one, done.stdout, done.stderr)


def test_unusable_key_is_refused_before_the_first_token(run: Run, tmp_path: Path) -> None:
    """A key file that cannot sign ends with 2, and nothing of it is printed."""
    (tmp_path / "signing.jwk").write_text('{"kty": "oct", "k": "c2VjcmV0LXNlY3JldA"}', encoding="utf-8")
    refused = run(*MINT, "--batch", "--workers", "2", stdin=_lines(MANY))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "c2VjcmV0" not in refused.stderr
    assert "kty 'oct' is not supported" in refused.stderr


def test_killed_process_is_said(tmp_path: Path) -> None:
    """Where a process that signs is killed the command ends with 3, and what it printed is whole tokens in order."""
    file = tmp_path / "key.pem"
    file.write_bytes(pem(pair(Algorithm.RS256)))
    command = [sys.executable, "-m", "sidecar", *MINT, "--key", str(file), "--batch", "--workers", "2"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as child:
        assert child.stdin is not None
        child.stdin.write(_lines(20_000))
        child.stdin.close()
        child.stdin = None
        assert eventually(lambda: len(_signing(child.pid)) == 2)
        os.kill(_signing(child.pid)[0], signal.SIGKILL)
        printed, said = child.communicate(timeout=60)
        assert child.returncode == 3
    assert said.startswith("a process that signs ended early")
    found = [_claims(token)["sub"] for token in printed.split()]
    assert found == [f"user-{turn}" for turn in range(len(found))]


def test_one_piece_needs_no_process(tmp_path: Path) -> None:
    """Few payloads are signed here, whatever number of workers is asked for: starting one takes longer."""
    file = tmp_path / "key"
    file.write_bytes(pem(pair()))
    here = list(sign_batch(KeyFile(file), [b"e30"] * 3, "JWT", 0))
    assert list(sign_batch(KeyFile(file), [b"e30"] * 3, "JWT", 8)) == here


@pytest.mark.parametrize("size", [100, 40_000])
def test_killed_process_is_the_end(tmp_path: Path, size: int) -> None:
    """Whenever it is killed, also while it is written to and has not begun to read: what came until then is good."""
    file, payloads = tmp_path / "key", [b"A" * size] * MANY
    file.write_bytes(pem(pair()))
    (token,) = set(sign_batch(KeyFile(file), payloads, "JWT", 0))
    before = set(descendants(os.getpid()))
    for _ in range(3):
        tokens = sign_batch(KeyFile(file), payloads, "JWT", 2)
        killer = Thread(target=_kill_one, args=(before,))
        killer.start()
        found = [token]
        with pytest.raises(WorkerLostError, match="ended early"):
            found.extend(tokens)
        killer.join()
        assert set(found) == {token}
        assert set(_signing(os.getpid())) == set()


def _kill_one(before: set[int]) -> None:
    assert eventually(lambda: any(one not in before for one in _signing(os.getpid())))
    os.kill(next(one for one in _signing(os.getpid()) if one not in before), signal.SIGKILL)
