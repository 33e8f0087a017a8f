"""What the documentation's site is made of (``tools/pages``)."""

from pathlib import Path

import pytest

from pages.staging import MissingError, stage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small repository."""
    folder = tmp_path / "root"
    for name, text in {
        "README.md": "[a](docs/a.md) [k](k8s/) [l](k8s/listed#top)\n\n```\n[no](link)\n```\n",
        "docs/a.md": "[up](../k8s/one.yaml) [out](https://example.com) [here](#a)\n",
        "k8s/README.md": "# Cluster\n",
        "k8s/one.yaml": "a: 1\n",
        "k8s/listed/two.yaml": "b: 2\n",
        "secret.txt": "not linked to\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_it_has_what_is_linked_to(root: Path, tmp_path: Path) -> None:
    """Pages, files beside them, and folders by their README or a list; and nothing else."""
    target = tmp_path / "site"
    target.mkdir()
    (target / "old.md").touch()
    stage(root, target)
    found = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert found == {
        *("README.md", "docs/a.md", "k8s/README.md", "k8s/one.yaml"),
        *("k8s/listed/README.md", "k8s/listed/two.yaml"),
    }
    text = (target / "README.md").read_text(encoding="utf-8")
    assert "[k](k8s/README.md) [l](k8s/listed/README.md#top)" in text
    assert "[no](link)" in text
    assert "[two.yaml](two.yaml)" in (target / "k8s/listed/README.md").read_text(encoding="utf-8")


def test_a_link_that_leads_nowhere_is_said(root: Path, tmp_path: Path) -> None:
    """With the page that it is in."""
    (root / "docs/a.md").write_text("[gone](b.md)\n", encoding="utf-8")
    with pytest.raises(MissingError, match=r"a\.md: links to b\.md, which is not there"):
        stage(root, tmp_path / "site")
