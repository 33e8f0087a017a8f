"""Policies out of a folder: as if they stood in the configuration itself."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from sidecar.core.policy.model import PolicySet
from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.trust import load_trust

_CONFIGURATION = """\
issuers: [{issuer: https://idp.example, audiences: [orders], keys: {file: jwks.json}}]
policy_folder: policies
policies: [{name: own, action: allow, rules: [{}]}]
"""
_DENY = "policies: [{{name: {name}, action: deny, rules: [{{}}]}}]\n"


def _load(folder: Path, files: Mapping[str, str], configuration: str = _CONFIGURATION) -> PolicySet:
    (folder / "policies").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "policies" / name).write_text(text, encoding="utf-8")
    config = folder / "authz.yaml"
    config.write_text(configuration, encoding="utf-8")
    return load_trust(load_configuration(config, {})).trust.policy


def test_all_files_count(folder: Path) -> None:
    """In the order of their names; what is hidden or ends otherwise is left out."""
    files = {
        "20.yml": _DENY.format(name="second"),
        "10.yaml": _DENY.format(name="first") + "public: [{paths: [/health]}]\n",
        "30.json": '{"policies": [{"name": "third", "action": "deny", "rules": [{}]}]}',
        ".hidden.yaml": "nonsense: [",
        "README.md": "# nonsense",
    }
    policies = _load(folder, files)
    assert [one.name for one in policies.deny] == ["first", "second", "third"]
    assert [one.name for one in policies.allow] == ["own"]
    assert len(policies.public) == 1


def test_files_of_one_moment(folder: Path) -> None:
    """A ConfigMap is read from where its link leads, and nothing of the one before counts."""
    mounted = folder / "policies"
    for moment in ("..old", "..new"):
        (mounted / moment).mkdir(parents=True)
    (mounted / "..old" / "gone.yaml").write_text(_DENY.format(name="gone"), encoding="utf-8")
    (mounted / "..new" / "a.yaml").write_text(_DENY.format(name="there"), encoding="utf-8")
    (mounted / "..data").symlink_to("..new")
    (mounted / "a.yaml").symlink_to("..data/a.yaml")
    (mounted / "gone.yaml").symlink_to("..data/gone.yaml")  # kubelet has not come to remove it yet
    assert [one.name for one in _load(folder, {}).deny] == ["there"]


@pytest.mark.parametrize(
    ("files", "place", "message"),
    [
        ({"a.yaml": "policies: [{name: a, action: deny}]"}, "policies/a.yaml:1:12", "policies[1].rules: is missing"),
        (
            {"a.yaml": "policies: []\n", "b.yaml": "\npolicies: [{name: own, action: deny, rules: [{}]}]"},
            "policies/b.yaml:2:13",
            "policies[1].name: 'own' is used twice",
        ),
        ({"a.yaml": "listen: unix:/x"}, "policies/a.yaml:1:1", "listen: does not stand in a file of the policy folder"),
        ({"a.yaml": "policies: {}"}, "policies/a.yaml:1:1", "policies: is no list"),
        ({"a.yaml": "public: [{paths: [x]}]"}, "policies/a.yaml:1:19", "public[0].paths[0]: 'x' matches no path"),
        ({"a.yaml": "policies: ["}, "policies/a.yaml:1:12", "is not YAML"),
        ({"a.txt": ""}, "policies", "has no file that ends in .yaml, .yml, .json"),
    ],
)
def test_faults_have_their_place(folder: Path, files: Mapping[str, str], place: str, message: str) -> None:
    """Each is told with the file that it is in."""
    with pytest.raises(ConfigurationError) as refused:
        _load(folder, files)
    assert [str(one) for one in refused.value.problems if str(one).startswith(f"{folder}/{place}: {message}")] == [
        str(one) for one in refused.value.problems
    ]


def test_a_folder_that_a_variable_names(folder: Path) -> None:
    """It is read, and so are its faults."""
    (folder / "others").mkdir()
    (folder / "others" / "a.yaml").write_text(_DENY.format(name="there"), encoding="utf-8")
    config = folder / "authz.yaml"
    config.write_text(_CONFIGURATION, encoding="utf-8")
    configuration = load_configuration(config, {"AUTHZ_POLICY_FOLDER": "others"})
    assert [one.name for one in configuration.settings.policies] == ["own", "there"]


def test_a_folder_that_is_not_there(folder: Path) -> None:
    """No folder is no empty folder."""
    with pytest.raises(ConfigurationError, match="nowhere: cannot be read: No such file or directory"):
        _load(folder, {}, _CONFIGURATION.replace("policies\n", "nowhere\n"))
