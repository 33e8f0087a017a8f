"""``keys api-key``: a key, and the line that lets it in."""

from pathlib import Path

from sidecar.keys.api_keys import hash_of, read_api_keys
from support.commands import Run


def test_key_and_its_line(run: Run, tmp_path: Path) -> None:
    """The key is in its file alone, for its owner; the line has its hash and what was asked for."""
    out = tmp_path / "batch.key"
    options = ("--scope", "a", "--scope", "b", "--claim", "tenant=acme", "--expires", "2027-01-01T00:00:00Z")
    done = run("keys", "api-key", "--subject", "batch", *options, "--out", out)
    assert done.returncode == 0, done.stderr
    key = out.read_text(encoding="utf-8").strip()
    assert out.stat().st_mode & 0o777 == 0o600
    assert key not in done.stdout + done.stderr
    (read,) = read_api_keys(done.stdout.encode())
    assert f"sha256:{read.key_hash.hex()}" == hash_of(key)
    assert (read.subject, sorted(read.scopes), dict(read.claims)) == ("batch", ["a", "b"], {"tenant": "acme"})
    assert read.expires == 1_798_761_600


def test_what_cannot_be_a_line(run: Run, tmp_path: Path) -> None:
    """A line that would be refused is not printed, and no key is made."""
    out = tmp_path / "key"
    for wrong in (("--scope", "a b"), ("--claim", "iss=x"), ("--claim", "tenant")):
        done = run("keys", "api-key", "--subject", "batch", *wrong, "--out", out)
        assert (done.returncode, done.stdout, out.exists()) == (2, "", False), done.stderr


def test_nothing_is_overwritten(run: Run, tmp_path: Path) -> None:
    """A file that is there stays as it is."""
    out = tmp_path / "key"
    out.write_text("x", encoding="utf-8")
    assert run("keys", "api-key", "--subject", "a", "--out", out).returncode == 2
    assert out.read_text(encoding="utf-8") == "x"
