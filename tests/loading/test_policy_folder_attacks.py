"""A policy folder never comes to less than what is in it: found in a review."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from sidecar.keys.signing import generate, key_set_document
from sidecar.loading import folder as policy_folder
from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.trust import load_trust

_ISSUERS = "issuers: [{issuer: https://idp.example, audiences: [orders], keys: {file: jwks.json}}]\n"
_OWN = "policies: [{name: own, action: allow, rules: [{}]}]\n"
_DENY = "policies: [{name: d, action: deny, rules: [{}]}]\n"
_EMPTY = "policies: []\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a configuration's folder, with a key set and an empty policy folder."""
    (tmp_path / "jwks.json").write_text(key_set_document([generate("k1")]), encoding="utf-8")
    (tmp_path / "p").mkdir()
    return tmp_path


def _denies(folder: Path, setting: str = "policy_folder: p\n", environment: Mapping[str, str] | None = None) -> bool:
    """Say whether the deny policy counts, or all is refused."""
    (folder / "a.yaml").write_text(_ISSUERS + setting + _OWN, encoding="utf-8")
    try:
        return bool(load_trust(load_configuration(folder / "a.yaml", environment or {})).trust.policy.deny)
    except ConfigurationError:
        return True


def test_environment(folder: Path) -> None:
    """AUTHZ_POLICY_FOLDER has a folder read, too."""
    (folder / "p" / "d.yaml").write_text(_DENY, encoding="utf-8")
    assert _denies(folder, "", {"AUTHZ_POLICY_FOLDER": "p"})


def test_environment_names_no_folder(folder: Path) -> None:
    """And is refused where there is none."""
    assert _denies(folder, "", {"AUTHZ_POLICY_FOLDER": "nowhere"})


def test_environment_overrides(folder: Path) -> None:
    """Where the environment names another folder, that one is read."""
    (folder / "p" / "a.yaml").write_text(_EMPTY, encoding="utf-8")
    (folder / "q").mkdir()
    (folder / "q" / "d.yaml").write_text(_DENY, encoding="utf-8")
    assert _denies(folder, environment={"AUTHZ_POLICY_FOLDER": "q"})


def test_dangling_link(folder: Path) -> None:
    """A link that leads nowhere is refused."""
    (folder / "p" / "a.yaml").write_text(_EMPTY, encoding="utf-8")
    (folder / "p" / "d.yaml").symlink_to("../shared/d.yaml")
    assert _denies(folder)


def test_beside_a_config_map(folder: Path) -> None:
    """A file beside those of the ConfigMap (a subPath mount) is refused."""
    mounted = folder / "p"
    (mounted / "..1").mkdir()
    (mounted / "..1" / "a.yaml").write_text(_EMPTY, encoding="utf-8")
    (mounted / "..data").symlink_to("..1")
    (mounted / "a.yaml").symlink_to("..data/a.yaml")
    (mounted / "d.yaml").write_text(_DENY, encoding="utf-8")
    assert _denies(folder)


@pytest.mark.parametrize("name", ["d.YAML", "sub/d.yaml"])
def test_other_names(folder: Path, name: str) -> None:
    """Capitals count as well; folders within it are refused."""
    (folder / "p" / "a.yaml").write_text(_EMPTY, encoding="utf-8")
    (folder / "p" / "sub").mkdir()
    (folder / "p" / name).write_text(_DENY, encoding="utf-8")
    assert _denies(folder)


def test_exchanged_while_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old and new version deny; kubelet exchanges the link and has removed one old file before the rest is listed."""
    mounted = folder / "p"

    def mount(name: str) -> None:
        (mounted / name).mkdir()
        (mounted / name / "a-deny.yaml").write_text(_DENY, encoding="utf-8")
        (mounted / name / "b.yaml").write_text(_EMPTY, encoding="utf-8")
        (mounted / "..data_tmp").symlink_to(name)
        (mounted / "..data_tmp").rename(mounted / "..data")

    mount("..1")
    resolve = Path.resolve

    def resolved(self: Path, strict: bool = False) -> Path:  # noqa: FBT001, FBT002 - pathlib's
        found = resolve(self, strict)
        if self.name == "..data" and found.name == "..1":
            mount("..2")
            (mounted / "..1" / "a-deny.yaml").unlink()
        return found

    monkeypatch.setattr(Path, "resolve", resolved)
    assert _denies(folder)


def test_link_to_a_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As git-sync has it: no old list of names is read out of the new folder."""
    shutil.rmtree(folder / "p")
    for name in ("w1", "w2"):
        (folder / name).mkdir()
        (folder / name / "b.yaml").write_text(_EMPTY, encoding="utf-8")
    (folder / "w1" / "c.yaml").write_text(_DENY, encoding="utf-8")
    (folder / "w2" / "a.yaml").write_text(_DENY, encoding="utf-8")
    (folder / "w2" / "c.yaml").write_text(_EMPTY, encoding="utf-8")
    (folder / "p").symlink_to("w1")
    listed = policy_folder.files_in

    def exchanged(place: Path) -> object:
        found = listed(place)
        if (folder / "p").readlink().name == "w1":
            (folder / "t").symlink_to("w2")
            (folder / "t").rename(folder / "p")
        return found

    monkeypatch.setattr(policy_folder, "files_in", exchanged)
    assert _denies(folder)


def test_loop(folder: Path) -> None:
    """A link to itself is refused with a text."""
    (folder / "p" / "..data").symlink_to("..data")
    assert _denies(folder)
