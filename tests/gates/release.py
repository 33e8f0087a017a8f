"""A release of a copy of what is checked in here, made and verified by the commands of docs/releasing.md.

    python tests/gates/release.py

The copy gets a history of one commit, notes, a tag and a new key. What is altered must be refused, and the wheel must
be the one that the tree itself makes.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSION, TAG = "99.1.2", "v99.1.2"
_BIN = Path(sys.executable).parent
_ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("SETUPTOOLS_SCM", "GIT_", "MAKE"))},
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    **{f"GIT_{who}_{what}": "release@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def run(*command: str | Path, cwd: Path, succeeds: bool = True, **env: str) -> str:
    """Run a command; return what it printed, wherever."""
    done = subprocess.run(  # noqa: S603 - ours
        command, cwd=cwd, env=_ENVIRONMENT | env, capture_output=True, text=True, check=False, timeout=600
    )
    said = done.stdout + done.stderr
    assert (done.returncode == 0) is succeeds, f"{command}: {done.returncode}\n{said}"
    return said


def make(copy: Path, *arguments: str, succeeds: bool = True) -> str:
    """Run make there, with the virtual environment that is here."""
    return run("make", "--no-print-directory", f"VENV={_BIN.parent}", *arguments, cwd=copy, succeeds=succeeds)


def copied(copy: Path) -> None:
    """Copy what git has here, as it lies here, into a repository of one commit."""
    if (ROOT / ".git").exists():
        listed = run("git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--deduplicate", cwd=ROOT)
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_symlink() or (ROOT / name).exists():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    else:
        shutil.copytree(
            ROOT, copy, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".venv", "build", "dist")
        )
    run("git", "init", "--quiet", cwd=copy)
    committed(copy)


def committed(copy: Path) -> None:
    """Commit all of it."""
    run("git", "add", "--all", cwd=copy)
    run("git", "commit", "--quiet", "--message", "all", cwd=copy)


def noted(copy: Path) -> None:
    """Write what a release takes of a person."""
    for name, heading in (("CHANGELOG.md", "## [Unreleased]"), ("docs/upgrading.md", "## To the next release")):
        file = copy / name
        file.write_text(
            file.read_text("utf-8").replace(f"{heading}\n", f"{heading}\n\n- A word.\n", 1), encoding="utf-8"
        )


def shown(heading: str) -> list[str]:
    """Return the commands below a heading of docs/releasing.md."""
    page = (
        (ROOT / "docs/releasing.md").read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    )
    found = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    assert found, heading
    return [line.replace("1.2.3", VERSION) for line in found]


def verified(folder: Path) -> None:
    """Run the documented commands, and see each refuse a file of which one byte is another."""
    everything, digests, components = shown("Verify a release")
    for command in (everything, digests, components):
        assert "OK" in run("sh", "-c", command, cwd=folder)
    for name, commands in (
        ("SHA256SUMS", [everything]),
        (f"ext_authz_sidecar-{VERSION}-py3-none-any.whl", [digests]),
        (f"ext_authz_sidecar-{VERSION}.tar.gz", [digests]),
        (f"ext_authz_sidecar-{VERSION}.cdx.json", [digests, components]),
    ):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
        for command in commands:
            run("sh", "-c", command, cwd=folder, succeeds=False)
        (folder / name).write_bytes(whole)
    assert "OK" in run("sh", "-c", digests, cwd=folder)


def looked_over(copy: Path, folder: Path) -> None:
    """The source distribution is all that is checked in; the wheel is the tree's own; the list says what it is of."""
    wheel, source = f"ext_authz_sidecar-{VERSION}-py3-none-any.whl", f"ext_authz_sidecar-{VERSION}.tar.gz"
    with tarfile.open(folder / source) as opened:
        listed_there = opened.getnames()
        names = {name.partition("/")[2] for name in listed_there}
        assert len(names) == len(listed_there), "a file is in it twice"
    listed = set(run("git", "ls-files", cwd=copy).splitlines())
    # A link to a folder is a copy there.
    links = {name for name in listed if (copy / name).is_symlink() and (copy / name).is_dir()}
    copies = {f"{link}/{path.relative_to(copy / link)}" for link in links for path in (copy / link).iterdir()}
    assert names - {"PKG-INFO"} == listed - links | copies, names ^ (listed - links | copies)
    when = run("git", "log", "-1", "--format=%ct", cwd=copy).strip()
    hatchling = (_BIN / "hatchling", "build", "--target", "wheel", "--directory", copy / "build/again")
    run(*hatchling, cwd=copy, SOURCE_DATE_EPOCH=when)
    assert (copy / "build/again" / wheel).read_bytes() == (folder / wheel).read_bytes()
    document = json.loads((folder / f"ext_authz_sidecar-{VERSION}.cdx.json").read_text(encoding="utf-8"))
    assert document["metadata"]["component"]["purl"] == f"pkg:pypi/ext-authz-sidecar@{VERSION}"
    assert {"grpcio", "pydantic", "cryptography"} <= {one["name"] for one in document["components"]}
    assert f"VERSION={VERSION} " in make(copy, "image", "DOCKER=echo")


def main() -> None:
    """Make a release, verify it, look it over."""
    # Files keep their times in the copy. Were one newer than the environment, the copy would be installed into it.
    stamp = (_BIN.parent / ".release").stat().st_mtime
    for made_of in ("pyproject.toml", "constraints.txt", "requirements/build.lock"):
        assert (ROOT / made_of).stat().st_mtime <= stamp, f"{made_of} is newer than the environment: make test-release"
    with tempfile.TemporaryDirectory(prefix="rel-") as name:
        copy = Path(name) / "copy"
        copy.mkdir()
        copied(copy)
        assert "0.0.1.dev1+g" in make(copy, "image", "DOCKER=echo")
        noted(copy)
        make(copy, "release-prepare", f"VERSION={VERSION}")
        committed(copy)
        assert "is v99.1.2 at this commit" in make(copy, "release-check", f"TAG={TAG}", succeeds=False)
        run("git", "tag", TAG, cwd=copy)
        make(copy, "release-check", f"TAG={TAG}")
        for command in shown("The key"):
            run("sh", "-c", command, cwd=Path(name))
        make(copy, "release", f"TAG={TAG}", f"KEY={name}/release.key")
        folder = copy / "dist/release"
        shutil.copy(Path(name) / "release.pub", folder)
        verified(folder)
        looked_over(copy, folder)
    sys.stdout.write("a release was made, verified, and refused once it was altered\n")


if __name__ == "__main__":
    main()
