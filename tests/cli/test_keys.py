"""``keys generate|jwks``."""

import json
import stat
from pathlib import Path

from support.commands import Run


def test_generated_key_is_private_to_its_owner(run: Run, tmp_path: Path) -> None:
    """The private key's file can be read by its owner alone; the key set has no private member."""
    done = run("keys", "generate", "--out", "signing.jwk", "--jwks", "jwks.json")
    assert done.returncode == 0, done.stderr
    private = tmp_path / "signing.jwk"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    published = json.loads((tmp_path / "jwks.json").read_text(encoding="utf-8"))["keys"][0]
    assert published["kid"] == done.stdout.strip()
    assert "d" not in published
    assert json.loads(private.read_text(encoding="utf-8"))["x"] == published["x"]


def test_existing_key_is_never_overwritten(run: Run, tmp_path: Path) -> None:
    """A second generate with the same file is refused, and neither file is touched."""
    run("keys", "generate", "--out", "signing.jwk", "--jwks", "jwks.json")
    before = (tmp_path / "signing.jwk").read_bytes(), (tmp_path / "jwks.json").read_bytes()
    assert run("keys", "generate", "--out", "signing.jwk").returncode == 2
    assert run("keys", "generate", "--out", "other.jwk", "--jwks", "jwks.json").returncode == 2
    assert not (tmp_path / "other.jwk").exists()
    assert ((tmp_path / "signing.jwk").read_bytes(), (tmp_path / "jwks.json").read_bytes()) == before


def test_a_key_that_is_kept(run: Run, tmp_path: Path) -> None:
    """With --keep the command may be run again: it makes what is missing, and changes nothing that is there."""
    files = [tmp_path / name for name in ("signing.jwk", "jwks.json")]
    command = ("keys", "generate", "--keep", "--out", "signing.jwk", "--jwks", "jwks.json")
    first = run(*command)
    assert first.returncode == 0, first.stderr
    before = [file.read_bytes() for file in files]
    assert run(*command).stdout == first.stdout
    files[1].unlink()
    assert run(*command).returncode == 0
    assert [file.read_bytes() for file in files] == before
    other = run(*command, "--kid", "another")
    assert (other.returncode, "choose another name" in other.stderr) == (2, True)
    files[1].write_text('{"keys": []}', encoding="utf-8")
    assert run(*command).returncode == 2
    files[0].chmod(0o644)
    assert "chmod 600" in run(*command).stderr


def test_key_set_of_two_keys(run: Run) -> None:
    """For a rotation both keys are published in one set, by their ids."""
    ids = [run("keys", "generate", "--kid", name, "--out", f"{name}.jwk").stdout.strip() for name in ("old", "new")]
    published = json.loads(run("keys", "jwks", "old.jwk", "new.jwk").stdout)
    assert [key["kid"] for key in published["keys"]] == ids == ["old", "new"]


def test_folder_that_does_not_exist_is_said(run: Run) -> None:
    """A file that cannot be written ends with 3 and the reason."""
    refused = run("keys", "generate", "--out", "missing/signing.jwk")
    assert refused.returncode == 3
    assert "cannot be written: No such file or directory" in refused.stderr
