"""``policy compile``: the same in each process, and all of the rules in it."""

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from sidecar.core.policy.model import Action
from support.commands import Run

_PAGE = (Path(__file__).parents[2] / "docs/policy-tools.md").read_text(encoding="utf-8")
_CONFIGURATION = """\
issuers: [{issuer: https://idp.example, audiences: [orders], keys: {url: https://idp.example/jwks}}]
public: [{paths: ["/docs/*"]}]
policies:
  - name: orders
    action: allow
    scopes: [b, a]
    rules:
      - to: [{operation: {methods: [GET], paths: ["/orders/*", "/café"]}}]
        from: [{source: {ipBlocks: [10.0.0.0/8]}}]
        when:
          - {key: "request.auth.claims[groups][a]", values: [staff], notValues: [x, "y*"]}
          - {cel: "identity.claims.a == 1 && request.headers['x-a'] == 'b'"}
  - name: no-delete
    action: deny
    rules:
      - to: [{operation: {methods: [DELETE], paths: ["/users/{*}"]}}]
      - to: [{operation: {notHosts: [a.example]}}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a configuration with a little of everything."""
    path = tmp_path / "authz.yaml"
    path.write_text(_CONFIGURATION, encoding="utf-8")
    return path


def test_same_in_each_process(run: Run, config: Path) -> None:
    """Sets have an order of their own in each process; what is printed has not."""
    command = ("policy", "compile", "--config", config)
    printed = {run(*command, environment={"PYTHONHASHSEED": seed}).stdout for seed in ("1", "2", "3")}
    assert len(printed) == 1
    (text,) = printed
    assert YAML(typ="safe").load(text) == json.loads(run(*command, "--json").stdout)


def test_all_of_it(run: Run, config: Path) -> None:
    """Rules have their numbers in the order in which they are looked at, and the index names each of them."""
    found = json.loads(run("policy", "compile", "--config", config, "--json").stdout)
    assert [rule["number"] for policy in found["deny"] for rule in policy["rules"]] == [0, 1]
    (orders,) = found["allow"]
    (rule,) = orders["rules"]
    assert (orders["name"], orders["scopes"], rule["number"], rule["looks_at_request"]) == (
        "orders",
        ["a", "b"],
        2,
        True,
    )
    assert rule["to"] == [{"methods": {"values": ["GET"]}, "paths": {"values": ["/caf%C3%A9", "/café", "/orders/*"]}}]
    assert rule["from"] == [{"when": [{"key": "source.ip", "values": ["10.0.0.0/8"]}]}]
    assert rule["when"][0] == {"key": "request.auth.claims[groups][a]", "values": ["staff"], "not_values": ["x", "y*"]}
    assert [one["cel"] for one in rule["when"][1:]] == ["identity.claims.a == 1", "request.headers['x-a'] == 'b'"]
    assert found["index"] == {
        "deny": {"exact": {}, "under": {"/users/": [0]}, "anywhere": [1]},
        "allow": {"exact": {"/caf%C3%A9": [2], "/café": [2]}, "under": {"/orders/": [2]}, "anywhere": []},
        "audit": {"exact": {}, "under": {}, "anywhere": []},
    }
    assert list(found["index"]) == [Action.DENY, Action.ALLOW, Action.AUDIT]


def test_digest(run: Run, config: Path) -> None:
    """It changes with the policies, and not with how they are written."""
    before = json.loads(run("policy", "compile", "--config", config, "--json").stdout)["digest"]
    config.write_text("# a comment\n" + _CONFIGURATION.replace("[b, a]", "[a, b]"), encoding="utf-8")
    assert json.loads(run("policy", "compile", "--config", config, "--json").stdout)["digest"] == before
    config.write_text(_CONFIGURATION.replace("staff", "guest"), encoding="utf-8")
    assert json.loads(run("policy", "compile", "--config", config, "--json").stdout)["digest"] != before


def test_the_page_s_digest_has_its_form(run: Run, config: Path) -> None:
    """The documentation shows a digest as it is printed."""
    printed = run("policy", "compile", "--config", config).stdout.splitlines()[0]
    shown = re.findall(r"^digest: [0-9a-f]+$", _PAGE, re.MULTILINE)
    assert [len(one) for one in shown] == [len(printed)]


def test_effects_are_compiled(run: Run, tmp_path: Path) -> None:
    """Effects are printed, with expressions as they are written, and the digest names them, too."""
    config = tmp_path / "authz.yaml"
    command = ("policy", "compile", "--config", config, "--json")
    digests = set()
    for value in ("a", "b", "{cel: identity.subject}"):
        config.write_text(
            "issuers: [{issuer: https://idp.example, audiences: [a], keys: {url: https://idp.example/jwks}}]\n"
            "policies:\n"
            f"  - {{name: p, action: allow, rules: [{{}}], allowed: {{upstream: {{set: {{x-a: {value}}}}}}}}}\n"
            '  - {name: d, action: deny, rules: [{}], denied: {json: {a: [{cel: "1 + 1"}, 2]}}}\n',
            encoding="utf-8",
        )
        done = run(*command)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        digests.add(found["digest"])
        assert found["effects"]["denied"] == {"d": {"body": {"content": {"a": [{"cel": "1 + 1"}, 2]}}}}
    assert found["effects"]["allowed"] == {"p": {"set": [["x-a", {"cel": "identity.subject"}]]}}
    assert len(digests) == 3
