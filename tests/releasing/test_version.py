"""The version is git's tag, wherever it is asked for."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.version import Version

from sidecar.cli.main import cli
from sidecar.observe.build import build_facts

_ROOT = Path(__file__).parents[2]


def test_everybody_says_the_same() -> None:
    """The package, ``--version`` and ``authz_build_info``; and it is a version by PEP 440."""
    ours = version("ext-authz-sidecar")
    assert str(Version(ours)) == ours
    assert CliRunner().invoke(cli, ["--version"]).output.split()[-1] == ours
    assert build_facts()["version"] == ours


def test_the_image_knows_as_little_as_the_package() -> None:
    """Where nobody says the version, the image's label is what the package says."""
    fallback = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["version"]
    arguments = re.findall(r"^ARG VERSION.*$", (_ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert arguments == [f"ARG VERSION={fallback['fallback-version']}"] * 2


def test_links_are_named() -> None:
    """A folder with a link to it is in the source distribution twice: Hatch has to be told."""
    target = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    included = target["sdist"]["force-include"]
    tops = (_ROOT / name for name in target["sdist"]["only-include"])
    links = [path for top in tops for path in top.rglob("*") if path.is_symlink() and path.is_dir()]
    assert links
    for link in links:
        for path in (link, link.resolve()):
            name = str(path.relative_to(_ROOT))
            assert included.get(name) == name, f'pyproject.toml, force-include: "{name}" = "{name}"'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a repository of one commit with our rules; skips where they cannot be tried."""
    if shutil.which("git") is None:
        pytest.skip("no git")
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitattributes", ".git_archival.txt"):
        shutil.copy(_ROOT / name, tmp_path)
    (tmp_path / "sidecar").mkdir()
    (tmp_path / "sidecar/__init__.py").touch()
    _git(tmp_path, "init", "--quiet")
    _commit(tmp_path)
    return tmp_path


def _git(folder: Path, *arguments: str) -> bytes:
    who = (
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.com",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "core.hooksPath=/",
    )
    command = ["git", *who, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=30).stdout  # noqa: S603


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--allow-empty", "--message", "one")


def _version(folder: Path, **environment: str) -> str:
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    command = [sys.executable, "-m", "hatchling", "version"]
    done = subprocess.run(  # noqa: S603 - ours
        command, cwd=folder, env=path | environment, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


def test_by_git(project: Path) -> None:
    """Without a tag, at one, after it, with a changed file: as docs/releasing.md has it. Other tags do not count."""
    _git(project, "tag", "bench-2026.1.2")
    head = _git(project, "rev-parse", "HEAD").decode()
    untagged = _version(project)
    assert untagged.startswith("0.0.1.dev1+g")
    assert head.startswith(untagged.partition("+g")[2])
    _git(project, "tag", "v1.2.3")
    assert _version(project) == "1.2.3"
    (project / "README.md").write_text("changed", encoding="utf-8")
    changed = _version(project, SOURCE_DATE_EPOCH="86400")
    assert changed.startswith("1.2.4.dev0+g")
    assert changed.endswith(".d19700102")
    _commit(project)
    assert _version(project).startswith("1.2.4.dev1+g")


def test_without_git(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An archive knows what it was made of, a mere folder knows nothing, and whoever knows better is believed."""
    _git(project, "tag", "v1.2.3rc1")
    archive, folder = tmp_path_factory.mktemp("archive"), tmp_path_factory.mktemp("folder")
    with zipfile.ZipFile(BytesIO(_git(project, "archive", "--format=zip", "HEAD"))) as opened:
        opened.extractall(archive)
    assert _version(archive) == "1.2.3rc1"
    shutil.copytree(project, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
    assert _version(folder) == "0.0.0"
    assert _version(folder, SETUPTOOLS_SCM_PRETEND_VERSION="7.8.9") == "7.8.9"
