"""``policy diff``."""

import json
import re
from pathlib import Path

import pytest

from support.commands import Run

_PAGE = (Path(__file__).parents[2] / "docs/policy-tools.md").read_text(encoding="utf-8")
_OLD = """\
issuers: [{issuer: https://idp.example, audiences: [orders], keys: {file: nowhere.json}}]
policies:
  - {name: orders, action: allow, rules: [{to: [{operation: {paths: ["/orders/*"]}}]}]}
"""
_NEW = """\
issuers: [{issuer: https://idp.example, audiences: [orders], keys: {file: nowhere.json}}]
policies:
  - name: orders
    action: allow
    rules:
      - to: [{operation: {paths: ["/orders/*"]}}]
        when: [{key: "request.auth.claims[groups]", values: [staff]}]
  - {name: docs, action: allow, rules: [{to: [{operation: {paths: ["/docs/*"]}}]}]}
"""


def _block(start: str) -> str:
    blocks: list[str] = re.findall(r"```\w*\n(.*?)```", _PAGE, re.DOTALL)
    return next(block for block in blocks if block.startswith(start))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two configurations and the page's log."""
    (tmp_path / "authz.yaml").write_text(_OLD, encoding="utf-8")
    (tmp_path / "authz-new.yaml").write_text(_NEW, encoding="utf-8")
    (tmp_path / "requests.jsonl").write_text(_block('{"method"'), encoding="utf-8")
    return tmp_path


_COMMAND = ("policy", "diff", "authz.yaml", "authz-new.yaml", "--requests")


def test_the_page_s_log(run: Run, folder: Path) -> None:
    """What the documentation shows is what comes of the log it shows; no keys are read."""
    assert (folder / "requests.jsonl").exists()
    done = run(*_COMMAND, "requests.jsonl")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == _block("6 request(s)")


def test_json(run: Run, folder: Path) -> None:
    """Programs get the same."""
    del folder
    found = json.loads(run(*_COMMAND, "requests.jsonl", "--json").stdout)
    assert found["counts"] == {
        "unchanged": 2,
        "allowed -> denied": 1,
        "denied -> allowed": 1,
        "decided otherwise": 0,
        "done otherwise": 0,
        "cannot be told": 2,
    }
    assert found["changes"][0]["after"] == {"decision": "deny", "reason": "no_policy_allows", "policy": None}
    assert found["changes"][0]["examples"] == [{"line": 2, "request": "GET api.example.com/orders/2", "subject": "bob"}]


def test_effects(run: Run, folder: Path) -> None:
    """What policies do is compared where they decide the same; exit code 1, for something would change."""
    text = _OLD.splitlines()[0] + "\npolicies: [{name: orders, action: allow, rules: [{}], allowed: {upstream: %s}}]\n"
    (folder / "authz.yaml").write_text(text % "{set: {x-team: a}}", encoding="utf-8")
    (folder / "authz-new.yaml").write_text(text % "{set: {x-team: b}, remove: [x-debug]}", encoding="utf-8")
    log = '{"method": "GET", "host": "a", "path": "/orders/1"}\n'
    done = run(*_COMMAND, "-", stdin=log)
    assert done.returncode == 1
    assert done.stdout == (
        "1 request(s): 1 done otherwise\n"
        "done otherwise: 1 request(s) allowed (allowed, orders), with other upstream.remove.x-debug, "
        "upstream.set.x-team\n"
        "    -:1: GET a/orders/1\n"
    )
    found = json.loads(run(*_COMMAND, "-", "--json", stdin=log).stdout)
    assert (found["counts"]["done otherwise"], found["changes"][0]["parts"]) == (
        1,
        ["upstream.remove.x-debug", "upstream.set.x-team"],
    )


def test_claims_for_who_is_not_known(run: Run, folder: Path) -> None:
    """With --claims a log that says nothing of tokens can be told; what it says itself stays."""
    log = '[2026-01-01T12:00:00.000Z] "GET /orders/1 HTTP/1.1" 200 - 0 4 3 2 "-" "-" "-" "api.example.com" "-"\n'
    (folder / "access.log").write_text(log * 1000, encoding="utf-8")
    untold = run(*_COMMAND, "access.log")
    assert (untold.returncode, "claim groups (1000)" in untold.stdout) == (0, True)
    assert run(*_COMMAND, "access.log", "--strict").returncode == 1
    staff = run(*_COMMAND, "access.log", "--strict", "--claims", '{"groups": ["staff"]}')
    assert (staff.returncode, staff.stdout) == (0, "1000 request(s): 1000 unchanged\n")
    guest = run(*_COMMAND, "-", "--claims", '{"groups": ["guest"]}', "--examples", "1", stdin=log * 2)
    assert guest.stdout.splitlines() == [
        "2 request(s): 2 allowed -> denied",
        "allowed -> denied: 2 request(s) allowed (allowed, orders), would be denied (no_policy_allows)",
        "    -:1: GET api.example.com/orders/1",
    ]


def test_same_rules_decide_the_same(run: Run, folder: Path) -> None:
    """Whoever asks: where the rules about a request are the same in both, nothing has to be known of the token."""
    (folder / "authz.yaml").write_text(_NEW.replace("/docs/*", "/pages/*"), encoding="utf-8")
    log = '{"method": "GET", "host": "a", "path": "/orders/1"}\n'
    done = run(*_COMMAND, "-", "--strict", stdin=log)
    assert (done.returncode, done.stdout) == (0, "1 request(s): 1 unchanged\n")


def test_lines_that_are_none(run: Run, folder: Path) -> None:
    """They are counted, the first is shown; where no line is a request the log is the wrong one."""
    del folder
    good = '{"method": "GET", "host": "a", "path": "/pages/1"}\n'
    done = run(*_COMMAND, "-", stdin=f"\n{good}what?\nwhat?\n")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1].startswith("2 line(s) could not be read; the first is -:3: neither")
    assert run(*_COMMAND, "-", "--strict", stdin=f"{good}what?\n").returncode == 1
    none = run(*_COMMAND, "-", stdin="what?\n")
    assert (none.returncode, none.stderr.startswith("-: no line could be read as a request; line 1: ")) == (2, True)
    assert run(*_COMMAND, "-", stdin="").returncode == 2


def test_what_steers_terminals(run: Run, folder: Path) -> None:
    """Whatever clients got into a log stays in its line, and no escape sequence comes to the terminal."""
    del folder
    hostile = "\x1b]0;owned\x07\x9b31m\r\nfaked line\u202e"
    line = {"method": "GET", "host": "a", "path": f"/docs/{hostile}", "claims": {"sub": hostile}}
    changed = line | {"path": "/docs/1", "claims": {"sub": hostile}}
    unreadable = line | {"headers": {hostile: 1}}
    done = run(*_COMMAND, "-", stdin="\n".join(map(json.dumps, (line, changed, unreadable))))
    assert (done.returncode, done.stderr) == (1, "")
    assert all(shown.isprintable() for shown in done.stdout.removesuffix("\n").split("\n"))
    assert r"(\x1b]0;owned\x07\x9b31m\r\nfaked line\u202e)" in done.stdout
    alone = run(*_COMMAND, "-", stdin=json.dumps(unreadable))
    assert (alone.returncode, alone.stderr.removesuffix("\n").isprintable()) == (2, True)


@pytest.mark.parametrize("arguments", [("nowhere.log",), ("-", "--claims", "[]")])
def test_arguments_that_are_wrong(run: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    """They end with 2."""
    del folder
    assert run(*_COMMAND, *arguments).returncode == 2
