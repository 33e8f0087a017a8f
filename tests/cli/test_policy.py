"""``policy test`` and ``policy explain``."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from support.commands import Run

ROOT = Path(__file__).parents[2]
CONFIGURATION = """\
issuers: [{issuer: https://idp.example, audiences: [orders], keys: {url: https://idp.example/jwks}}]
policies:
  - name: orders
    action: allow
    rules:
      - to: [{operation: {methods: [GET], paths: ["/orders/*"]}}]
        when: [{key: "request.auth.claims[groups]", values: [staff]}]
  - name: no-delete
    action: deny
    rules: [{to: [{operation: {methods: [DELETE]}}]}]
"""
WRONG = "cases: [{name: nobody reads, request: {path: /orders/1}, expect: {decision: deny, reason: allowed}}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a configuration."""
    (tmp_path / "authz.yaml").write_text(CONFIGURATION, encoding="utf-8")
    return tmp_path


def _page(part: str) -> str:
    page = (ROOT / "docs/policy-tools.md").read_text(encoding="utf-8")
    blocks: list[str] = re.findall(r"```(?:yaml|bash)?\n(.*?)```", page, re.DOTALL)
    return next(block for block in blocks if block.startswith(part))


def test_the_page_s_cases(run: Run, folder: Path) -> None:
    """The cases that the documentation shows are as they are expected to be, and all rules are reached."""
    (folder / "cases.yaml").write_text(_page("cases:"), encoding="utf-8")
    done = run("policy", "test", "--config", folder / "authz.yaml", "--require-coverage", folder / "cases.yaml")
    assert (done.returncode, done.stdout) == (0, "2 case(s), 0 not as expected; 2 of 2 rule(s) reached\n")


def test_what_is_not_as_expected(run: Run, folder: Path) -> None:
    """It is told with its place, beside the rules that no case reaches; JUnit's file has it as well."""
    (folder / "cases").mkdir()
    (folder / "cases" / "a.yaml").write_text(WRONG, encoding="utf-8")
    junit = folder / "junit.xml"
    done = run("policy", "test", "--config", folder / "authz.yaml", "--junit", junit, folder / "cases")
    file = folder / "cases" / "a.yaml"
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{file}:1:9: nobody reads",
        "    reason: expected allowed, found no_credential",
        f"{file}: no case reaches no-delete, rule 1",
        f"{file}: no case reaches orders, rule 1",
        "1 case(s), 1 not as expected; 0 of 2 rule(s) reached",
    ]
    suite = ET.parse(junit).getroot()[0]  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures"), suite[0][0].tag) == ("1", "1", "failure")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cases: []\n", "cases: "),
        ("cases: [{name: a, expect: {decision: maybe}}]\n", "cases[0].expect.decision: "),
        ("cases: [{name: a, request: {verb: GET}, expect: {decision: deny}}]\n", "cases[0].request.verb: "),
        (
            WRONG + "policies: [{name: a, action: allow, rules: [{when: [{key: x, values: [a]}]}]}]\n",
            "'x' is no attribute",
        ),
    ],
)
def test_files_that_are_wrong(run: Run, folder: Path, text: str, message: str) -> None:
    """They are refused with file, line, column and field, and nothing is run."""
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    done = run("policy", "test", folder / "a.yaml", "--config", folder / "authz.yaml")
    assert done.returncode == 2
    assert re.match(rf"{re.escape(str(folder))}/a\.yaml:\d+:\d+: ", done.stderr)
    assert message in done.stderr


def test_cases_need_policies(run: Run, folder: Path) -> None:
    """Without policies of its own a file needs a configuration."""
    (folder / "a.yaml").write_text(WRONG, encoding="utf-8")
    done = run("policy", "test", folder / "a.yaml")
    assert (done.returncode, "has no policies; give --config" in done.stderr) == (2, True)


def test_the_page_s_explanation(run: Run, folder: Path) -> None:
    """The tree that the documentation shows is what comes out of its command, but for the policy it leaves out."""
    request = ("--request", "GET https://api.example.com/orders/1", "--claims", '{"sub": "alice", "groups": ["guest"]}')
    wide = {"COLUMNS": "400"}
    done = run("policy", "explain", "--config", folder / "authz.yaml", *request, environment=wide)
    assert done.returncode == 1
    shown, found = _page("DENY").splitlines(), done.stdout.replace(f"{folder}/", "").splitlines()
    assert found[0] == shown[0]
    assert found[-len(shown) + 1 :] == shown[1:]


def test_explained_as_json(run: Run, folder: Path) -> None:
    """The same for programs; a header of the command line is in the request."""
    config = folder / "authz.yaml"
    config.write_text(CONFIGURATION.replace("request.auth.claims[groups]", "request.headers[x-team]"), encoding="utf-8")
    request = ("--request", '{"path": "/orders/1"}', "--header", "X-Team: staff", "--claims", '{"sub": "alice"}')
    done = run("policy", "explain", "--json", "--config", config, *request)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["decision"], found["policy"]) == ("allow", "orders")
    assert [(one["name"], one["matches"]) for one in found["policies"]] == [("no-delete", False), ("orders", True)]
    text = config.read_text(encoding="utf-8").splitlines()
    for one in found["policies"]:
        file, line, _ = one["place"].rsplit(":", 2)
        assert (file, f"name: {one['name']}" in text[int(line) - 1]) == (str(config), True)
        assert one["rules"][0]["place"].startswith(f"{config}:")
    when = found["policies"][1]["rules"][0]["parts"][1]["parts"][0]
    assert (when["label"], when["seen"]) == ("request.headers[x-team]: staff", ["staff"])


EFFECTS = """\
issuers: [{issuer: https://idp.example, audiences: [orders], keys: {url: https://idp.example/jwks}}]
policies:
  - name: orders
    action: allow
    allowed:
      upstream: {set: {x-team: {cel: "identity.claims.team"}}, append: {x-tag: ours}, remove: [x-debug]}
      client: {set: {x-frame-options: DENY}}
      query: {set: {tenant: {cel: "identity.claims.team"}}, remove: [debug]}
      metadata: {team: {cel: "identity.claims.team"}}
    rules: [{}]
"""


def test_effects_are_explained(run: Run, folder: Path) -> None:
    """What becomes of the request is told, and which effect cannot be."""
    config = folder / "authz.yaml"
    config.write_text(EFFECTS, encoding="utf-8")
    command = ("policy", "explain", "--config", config, "--request", "GET https://a.example/?debug=1", "--claims")
    told = run(*command, '{"sub": "alice", "team": "a b"}').stdout
    for line in (
        *("upstream: x-team: a b", "upstream: x-tag: ours", "query: tenant=a%20b", "query, without: debug"),
        *("client: x-frame-options: DENY", 'metadata: policy_metadata: {"team": "a b"}'),
    ):
        assert f"── {line}\n" in told
    assert "x-debug\n" in told
    failed = run(*command, '{"sub": "alice"}')
    assert (failed.returncode, "DENY effect_failed" in failed.stdout) == (1, True)
    assert "── orders: upstream.set.x-team: cannot be told\n" in failed.stdout
    found = json.loads(run(*command, '{"sub": "alice", "team": "a b"}', "--json").stdout)
    assert (found["headers"]["x-team"], found["query"], found["query_removed"]) == (
        "a b",
        {"tenant": "a%20b"},
        ["debug"],
    )
    assert (found["client"], found["metadata"]["policy_metadata"]) == ({"x-frame-options": "DENY"}, {"team": "a b"})


def test_what_never_comes_to_policy(run: Run, folder: Path) -> None:
    """A token that is refused has no policies to explain, and its reason."""
    request = ("--request", "GET https://api.example.com/orders/1", "--claims", '{"sub": "a", "aud": "other"}')
    done = run("policy", "explain", "--config", folder / "authz.yaml", *request)
    assert done.returncode == 1
    assert "DENY wrong_audience" in done.stdout
    assert "no policy was looked at" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--request", "GET"),
        ("--request", "{"),
        ("--request", "GET http://a/", "--header", "x"),
        ("--request", '{"a":1}'),
    ],
)
def test_arguments_that_are_wrong(run: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    """They end with 2, and say which."""
    done = run("policy", "explain", "--config", folder / "authz.yaml", *arguments)
    assert done.returncode == 2
    assert arguments[-2] in done.stderr


def test_hooks_are_not_asked(run_process: Run, folder: Path) -> None:
    """Cases are about policies: hooks are left out, and it says so."""
    rules = "from sidecar.hooks import deny\ndef check(request, identity): return deny('all')\n"
    (folder / "no_rules.py").write_text(rules, encoding="utf-8")
    (folder / "authz.yaml").write_text(CONFIGURATION + "hook_folder: .\nhooks: [no_rules:check]\n", encoding="utf-8")
    (folder / "cases.yaml").write_text(_page("cases:"), encoding="utf-8")
    done = run_process("policy", "test", "--config", folder / "authz.yaml", folder / "cases.yaml")
    assert (done.returncode, done.stderr) == (0, "note: policies alone, hooks are not asked: no_rules:check\n")
