"""What names the version of a release does so in one voice, and a release is refused where it does not."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from releasing import checked, notes, places

_ROOT = Path(__file__).parents[2]


def _named(root: Path) -> set[str]:
    return {place.version for place in places.places(root)}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a small checkout, ready for 1.2.3, but for git."""
    for name, text in {
        "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-01-31\n\n- Something.\n",
        "docs/upgrading.md": "# Upgrading\n\n## To the next release\n\nNothing yet.\n\n## To 1.2.3\n\nNothing to do.\n",
        "k8s/chart/Chart.yaml": "apiVersion: v2\nversion: 1.2.3\nappVersion: 1.2.3\nkubeVersion: '>=1.34.0-0'\n",
        "k8s/a/kustomization.yaml": "images:\n  - name: ext-authz-sidecar\n    newTag: 1.2.3\n"
        "  - name: envoyproxy/envoy\n    newTag: 9.9.9\n",
        "k8s/a/pod.yaml": "image: registry.example/ext-authz-sidecar:1.2.3\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def _problems(tree: Path, monkeypatch: pytest.MonkeyPatch, made: str = "1.2.3", status: str = "") -> list[str]:
    """Ask, as if git said so."""

    def output(_: Path, *command: str) -> str:
        return status if command[0] == "git" else made

    monkeypatch.setattr(checked, "_output", output)
    return list(checked.problems(tree, "v1.2.3"))


def test_all_that_is_checked_in_names_one_version() -> None:
    """Chart, manifests and pages; and they are found: a place whose form changes is not passed over."""
    found = list(places.places(_ROOT))
    assert len({place.version for place in found}) == 1
    assert len(found) > 9
    tags = {
        image["newTag"]
        for path in (_ROOT / "k8s").rglob("kustomization.yaml")
        for image in YAML(typ="safe").load(path).get("images", ())
        if image["name"] == "ext-authz-sidecar"
    }
    assert tags == {found[0].version}


def test_one_that_agrees(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said against it."""
    assert _problems(tree, monkeypatch) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("k8s/chart/Chart.yaml", "appVersion: 1.2.3", "appVersion: 1.2.2"), "k8s/chart/Chart.yaml:3: names 1.2.2"),
        (
            ("k8s/a/kustomization.yaml", "newTag: 1.2.3", "newTag: 1.2.4rc1"),
            "k8s/a/kustomization.yaml:3: names 1.2.4rc1",
        ),
        (("k8s/a/pod.yaml", "1.2.3", "0.1.0"), "k8s/a/pod.yaml:1: names 0.1.0"),
        (("CHANGELOG.md", "[1.2.3]", "[1.2.2]"), "the newest release is '## [1.2.2] - 2026-01-31'"),
        (("CHANGELOG.md", "2026-01-31", "2026-02-31"), "not '## [1.2.3] - YYYY-MM-DD'"),
        (("CHANGELOG.md", "- Something.", ""), "nothing is said about 1.2.3"),
        (("CHANGELOG.md", "## [Unreleased]\n", "## [Unreleased]\n\n- Late.\n"), "not an empty '## [Unreleased]'"),
        (("docs/upgrading.md", "Nothing to do.", ""), "'## To 1.2.3' does not say what an operator does"),
    ],
)
def test_one_that_does_not(
    tree: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str, str], said: str
) -> None:
    """One thing that is otherwise is one thing that is said, with its place."""
    file, old, new = change
    text = (tree / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (tree / file).write_text(text.replace(old, new), encoding="utf-8")
    (problem,) = _problems(tree, monkeypatch)
    assert said in problem


def test_git_has_a_say(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What git makes of it is the tag's version, and nothing lies about."""
    assert "git makes this tree 1.2.4.dev1" in _problems(tree, monkeypatch, made="1.2.4.dev1+gabc")[0]
    assert "not committed" in _problems(tree, monkeypatch, status="?? signing.jwk")[0]


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2", "v1.2.3-rc1", "v1.2.3.dev4", "v1.2.3+x", "latest", "v1.2.3\n"])
def test_no_tag_of_a_release(tag: str) -> None:
    """A release has three numbers, and at most a, b or rc behind them."""
    with pytest.raises(checked.NoReleaseError, match="no tag of a release"):
        checked.version_of(tag)


def test_prepared_is_what_is_asked_for(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From any version to another: all places, and the notes; then only git is left."""
    places.write(tree, "1.2.2rc1")
    (tree / "CHANGELOG.md").write_text("## [Unreleased]\n\n- New.\n\n## [1.0.0] - 2025-01-01\n", encoding="utf-8")
    (tree / "docs/upgrading.md").write_text("## To the next release\n\nDo this.\n", encoding="utf-8")
    assert _named(tree) == {"1.2.2rc1"}
    assert len(places.write(tree, "1.2.3")) == 3
    notes.begin(tree, "1.2.3", date(2026, 1, 31))
    assert "newTag: 9.9.9" in (tree / "k8s/a/kustomization.yaml").read_text(encoding="utf-8")
    assert _problems(tree, monkeypatch) == []


def test_here_it_says_what_is_missing() -> None:
    """The command ends with 1 and names the place, since no tag of this name can ever be at this commit."""
    command = [sys.executable, "-m", "releasing", "check", "v987.6.5"]
    done = subprocess.run(  # noqa: S603 - our own
        command, cwd=_ROOT, env={"PYTHONPATH": "tools"}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "k8s/chart/Chart.yaml:5: names" in done.stderr or "hatchling" in done.stderr
