"""``policy lint``."""

import json
from pathlib import Path

import pytest

from support.commands import Run

_CONFIGURATION = """\
issuers: [{issuer: https://idp.example, audiences: [orders], keys: {url: https://idp.example/jwks}}]
policies:
  - name: all
    action: allow
    rules:
      - {}
      - to: [{operation: {hosts: ["*example.com"]}}]  # lint: accept suffix-without-delimiter, shadowed-rule
"""
_FOUND = """\
{config}:6:9: policies[0].rules[0]: policy 'all', rule 1: it allows every request with a valid token; name hosts, \
methods and paths under 'to', or claims under 'when' [allow-all]
1 finding(s), 2 accepted
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a configuration with something to be found."""
    path = tmp_path / "authz.yaml"
    path.write_text(_CONFIGURATION, encoding="utf-8")
    return path


def test_findings(run: Run, config: Path) -> None:
    """Each is a line with its place; what is accepted is counted."""
    done = run("policy", "lint", "--config", config)
    assert (done.returncode, done.stdout) == (0, _FOUND.format(config=config))


def test_what_steers_terminals(run: Run, config: Path) -> None:
    """A name with escape sequences in it is shown with them written out, where it is odd and where it is wrong."""
    config.write_text(_CONFIGURATION.replace("name: all", r'name: "all\e[2J\a"'), encoding="utf-8")
    done = run("policy", "lint", "--config", config)
    lines = (done.stdout + done.stderr).splitlines()
    assert lines
    assert all(line.isprintable() for line in lines)
    config.write_text(_CONFIGURATION.replace("name: all", r'"\e[2J": all'), encoding="utf-8")
    done = run("policy", "lint", "--config", config)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


def test_strict(run: Run, config: Path) -> None:
    """With --strict a finding is an answer; where all are accepted, or there are none, it is none."""
    assert run("policy", "lint", "--config", config, "--strict").returncode == 1
    config.write_text(_CONFIGURATION.replace("- {}", "- {}  # lint: accept allow-all"), encoding="utf-8")
    done = run("policy", "lint", "--config", config, "--strict")
    assert (done.returncode, done.stdout) == (0, "0 finding(s), 3 accepted\n")


def test_json(run: Run, config: Path) -> None:
    """Programs get all of it, what is accepted as well."""
    found = json.loads(run("policy", "lint", "--config", config, "--json").stdout)
    assert [(one["code"], one["line"], one["accepted"]) for one in found] == [
        ("allow-all", 6, False),
        ("shadowed-rule", 7, True),
        ("suffix-without-delimiter", 7, True),
    ]
    assert found[0]["why"] == "it allows every request with a valid token"


def test_what_is_wrong(run: Run, config: Path) -> None:
    """What no request can match is refused, as by check-config."""
    config.write_text(_CONFIGURATION.replace("*example.com", "a*b.example"), encoding="utf-8")
    done = run("policy", "lint", "--config", config)
    assert done.returncode == 2
    assert "authz.yaml:7:" in done.stderr
