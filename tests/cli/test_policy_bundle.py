"""Signing policy bundles, and looking at them."""

import json
from pathlib import Path

import pytest

from sidecar.bundle.message import read_bundle, sign
from sidecar.core.strict_json import Json
from sidecar.demo.workspace import Workspace
from sidecar.keys.signing import generate
from sidecar.settings.policy_bundle import signers_of
from support.bundles import allow, content
from support.commands import Run

_POLICIES = "policies: [{name: a, action: allow, rules: [{to: [{operation: {paths: [/a]}}]}]}]\n"
_MORE = "policies: [{name: b, action: deny, rules: [{}]}]\npublic: [{paths: [/health]}]\n"


@pytest.fixture
def folder(tmp_path: Path, run: Run) -> Path:
    """Return a folder with a key and policies, where commands are run."""
    assert run("keys", "generate", "--kid", "signer", "--out", "k.jwk", "--jwks", "k.json").returncode == 0
    (tmp_path / "a.yaml").write_text(_POLICIES, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(_MORE, encoding="utf-8")
    return tmp_path


def _sign(run: Run, *files: str, version: str = "7", more: tuple[str, ...] = ()) -> tuple[int, str]:
    arguments = ("--key", "k.jwk", "--name", "orders", "--version", version, "--out", "o.jws", *more)
    found = run("policy", "bundle", "sign", *arguments, *files)
    return found.returncode, found.stdout + found.stderr


def test_signed(folder: Path, run: Run) -> None:
    """All files are in it, in their order; a later one takes its place."""
    assert _sign(run, "a.yaml", "b.yaml", more=("--expires-in", "60"))[0] == 0
    found = read_bundle((folder / "o.jws").read_bytes(), signers_of((folder / "k.json").read_bytes()))
    assert (found.name, found.version, found.key_id) == ("orders", 7, "signer")
    assert found.expires_at == found.issued_at + 60
    policies = found.policies["policies"]
    assert isinstance(policies, list)
    assert [one["name"] for one in policies if isinstance(one, dict)] == ["a", "b"]
    assert found.policies["public"] == [{"paths": ["/health"]}]
    assert _sign(run, "a.yaml", version="8")[1].startswith("policy bundle orders, version 8: ")
    assert [one.name for one in folder.iterdir() if one.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("policies: [{name: a, action: allow}]", "a.yaml:1:12: policies[0].rules: is missing"),
        (_POLICIES.replace("/a", "a"), "policies[0].rules[0].to[0].operation.paths[0]"),
        ("listen: unix:/x", "listen: does not stand in a bundle"),
        ("policies: []", "has no policies"),
        (_POLICIES + "public: &x [*x]", "public[0]"),
        ("a: &a [x, x]\nb: &b [*a, *a]\npolicies: *b", "a: does not stand in a bundle"),
        (_POLICIES + "policies: []", "duplicate key"),
        ("policies: [{name: a, action: deny, rules: [{when: [{cel: 'x'}]}]}]", "cel"),
    ],
)
def test_what_is_not_signed(folder: Path, run: Run, text: str, message: str) -> None:
    """What a configuration would refuse; nothing is written then."""
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    code, said = _sign(run, "a.yaml")
    assert (code, message in said, (folder / "o.jws").exists()) == (2, True, False), said
    assert "Traceback" not in said


def test_a_name_twice(folder: Path, run: Run) -> None:
    """In two files is told with both of them in mind."""
    (folder / "b.yaml").write_text(_POLICIES, encoding="utf-8")
    assert "b.yaml:1:13: policies[1].name: 'a' is used twice" in _sign(run, "a.yaml", "b.yaml")[1]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o602, 0o666])
def test_a_key_that_others_have(folder: Path, run: Run, mode: int) -> None:
    """Is not used, and what to do is said."""
    (folder / "k.jwk").chmod(mode)
    code, said = _sign(run, "a.yaml")
    assert (code, f"k.jwk: has mode {mode:04o}" in said, (folder / "o.jws").exists()) == (2, True, False)


@pytest.mark.parametrize("content_", ["{", "{}", "", '{"kty":"OKP","crv":"Ed25519","d":"c2VjcmV0"}'])
def test_a_key_that_is_none(folder: Path, run: Run, content_: str) -> None:
    """Is refused, and nothing of it is shown."""
    (folder / "k.jwk").write_text(content_, encoding="utf-8")
    code, said = _sign(run, "a.yaml")
    assert (code, "c2VjcmV0" in said, "Traceback" in said) == (2, False, False)


def _verify(run: Run, *arguments: str) -> tuple[int, str]:
    found = run("policy", "bundle", "verify", *arguments, "o.jws")
    return found.returncode, found.stdout + found.stderr


def test_verified(folder: Path, run: Run) -> None:
    """By keys and name, or by a configuration, which it must go with."""
    _sign(run, "a.yaml")
    assert _verify(run, "--keys", "k.json", "--name", "orders") == (
        0,
        "policy bundle orders, version 7: good; signed with key signer\n",
    )
    assert _verify(run, "--keys", "k.json", "--name", "payments")[0] == 1
    (folder / "other.json").write_text(json.dumps({"keys": [generate("signer").public_jwk()]}), encoding="utf-8")
    assert "signature that does not match" in _verify(run, "--keys", "other.json")[1]
    assert _verify(run)[0] == 2
    (folder / "o.jws").write_bytes(sign(content(7, allow("/a"), expires_at=1_750_000_001), generate()))
    assert _verify(run, "--keys", "k.json")[0] == 1


def test_verified_by_a_configuration(folder: Path, run: Run, workspace: Workspace) -> None:
    """With its keys, name and least version, and beside its own policies."""
    bundle = "\npolicy_bundle: {url: 'https://policies.example/o', name: orders, keys_file: k.json, min_version: 7}\n"
    text = workspace.config.read_text(encoding="utf-8") + bundle
    workspace.config.write_text(text, encoding="utf-8")
    checked = run("check-config", workspace.config)
    said = "policy bundle orders: fetched from https://policies.example/o; not looked at here"
    assert (checked.returncode, said in checked.stdout) == (0, True)
    _sign(run, "a.yaml")
    assert _verify(run, "--config", str(workspace.config))[0] == 0
    _sign(run, "a.yaml", version="6")
    assert _verify(run, "--config", str(workspace.config))[0] == 1
    (folder / "a.yaml").write_text(_POLICIES.replace("name: a", "name: read-orders"), encoding="utf-8")
    _sign(run, "a.yaml")
    code, said = _verify(run, "--config", str(workspace.config))
    assert (code, "'read-orders' is used twice" in said) == (1, True)


def test_shown(folder: Path, run: Run) -> None:
    """Whoever signed it, and said to be unverified."""
    (folder / "o.jws").write_bytes(sign(content(7, allow("/a"), bundle="x"), generate("nobody")))
    found = run("policy", "bundle", "show", "o.jws")
    assert found.stdout.startswith("NOT VERIFIED")
    assert "policy bundle x, version 7\nkey      nobody\n" in found.stdout
    assert "policies allow bundled" in found.stdout
    whole = json.loads(run("policy", "bundle", "show", "--json", "o.jws").stdout)
    assert (whole["verified"], whole["policies"]) == (False, allow("/a"))
    (folder / "o.jws").write_bytes(b"nothing")
    assert run("policy", "bundle", "show", "o.jws").returncode == 1


def test_shown_without_steering_terminals(folder: Path, run: Run) -> None:
    """Names in a bundle that anybody could have written have their escape sequences written out."""
    policies: Json = {"policies": [{"name": "\x1b[2J", "action": "\x9b1m\n"}], "\x1b]0;owned\x07": []}
    (folder / "o.jws").write_bytes(sign(content(7, policies, bundle="x"), generate("\x1b[8m")))
    found = run("policy", "bundle", "show", "o.jws")
    assert (found.returncode, found.stderr) == (0, "")
    assert all(line.isprintable() for line in found.stdout.removesuffix("\n").split("\n"))
    assert r"key      \x1b[8m" in found.stdout
