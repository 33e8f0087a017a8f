"""Why a request was denied: as far as it is known, and nothing that is not."""

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.reason import OUTCOMES, Reason
from sidecar.status.view import State
from sidecar.status.why import Line, command, why
from support.denials import denial
from support.hooks import hook
from support.tokens import ISSUER
from support.trusts import policy_set, trust

_POLICIES = [
    {
        "name": "not-bob",
        "action": "deny",
        "rules": [{"when": [{"key": "request.auth.claims[sub]", "values": ["bob"]}]}],
    },
    {
        "name": "orders",
        "action": "allow",
        "scopes": ["orders:read"],
        "rules": [
            {
                "to": [{"operation": {"paths": ["/orders/*"]}}],
                "from": [{"source": {"requestPrincipals": [f"{ISSUER}/*"]}}],
                "when": [{"key": "request.headers[x-team]", "values": ["blue"]}],
            }
        ],
    },
    {"name": "elsewhere", "action": "allow", "rules": [{"to": [{"operation": {"paths": ["/elsewhere"]}}]}]},
]


def _lines(lines: tuple[Line, ...]) -> list[tuple[str, str]]:
    return [pair for line in lines for pair in ((line.mark.text, line.label.text), *_lines(line.parts))]


def _why(**changed: Any) -> Any:  # noqa: ANN401 - any JSON
    return why(denial(issuer=ISSUER, **changed), trust(policy=policy_set(_POLICIES)))


def test_rules_about_the_request() -> None:
    """Each rule about the path is told, with what holds, what does not and what nobody knows."""
    found = _why()
    assert _lines(found.rules) == [
        ("no", "deny policy not-bob, rule 1"),
        ("no", "when"),
        ("no", "request.auth.claims[sub]: bob"),
        ("not known", "allow policy orders, rule 1"),
        ("yes", "from"),
        ("yes", "source 1"),
        ("yes", f"request.auth.principal: {ISSUER}/*"),
        ("not known", "when"),
        ("not known", "request.headers[x-team]: blue"),
        ("not known", "scopes: orders:read"),
    ]
    assert "header x-team" in found.now.text
    assert found.now.state is State.WARNING
    assert found.message == OUTCOMES[Reason.NO_POLICY_ALLOWS].message


def test_what_can_be_told_is_told() -> None:
    """What hangs on nothing else is decided."""
    found = _why(subject="bob")
    assert "denied (denied_by_policy, not-bob)" in found.now.text
    found = _why(path="/nothing")
    assert "denied (no_policy_allows)" in found.now.text


@pytest.mark.parametrize("subject", ["***", "hash:0123", "a…", None])
def test_what_is_masked_is_not_known(subject: str | None) -> None:
    """A subject that is masked, hashed, cut or missing is none that conditions are held against."""
    found = _why(subject=subject)
    assert ("not known", "request.auth.claims[sub]: bob") in _lines(found.rules)
    assert "claim sub" in found.now.text


@pytest.mark.parametrize("changed", [{"path": "/a/***"}, {"host": "hash:1"}, {"method": None}, {"path": "/a…"}])
def test_request_that_is_not_known(changed: dict[str, Any]) -> None:
    """Where method, host or path are not told as they were nothing is decided, and there is no command."""
    found = _why(**changed)
    assert (found.rules, found.command) == ((), "")
    assert "Cannot be told" in found.now.text


@pytest.mark.parametrize("reason", ["no_credential", "token_expired", "path_not_normal", "overloaded"])
def test_what_did_not_come_to_policy(reason: str) -> None:
    """Who was turned away before policy is told the reason, and no rule."""
    found = _why(reason=reason, subject=None)
    assert found.rules == ()
    assert found.message == OUTCOMES[Reason(reason)].message


def test_path_that_is_refused_now() -> None:
    """A path that is not in normal form is told as such, should another form be in force by now."""
    assert "path_not_normal" in _why(path="/a/../b").now.text


def test_hooks_are_named() -> None:
    """Hooks are not asked, and whoever reads it is told which."""
    found = why(denial(), replace(trust(policy=policy_set(_POLICIES)), hooks=(hook(name="limits"),)))
    assert found.hooks.text == "limits"


def test_unknown_reason() -> None:
    """A reason of another version is shown as it is."""
    found = _why(reason="of_tomorrow")
    assert (found.reason.text, found.message) == ("of_tomorrow", "")


def test_many_rules() -> None:
    """Of thousands of rules some are shown, and it is said how many are not."""
    policies = [{"name": f"p{number}", "action": "allow", "rules": [{}]} for number in range(120)]
    rules = [{**one, "rules": [{"when": [{"key": "request.headers[a]", "values": ["b"]}]}]} for one in policies]
    found = why(denial(), trust(policy=policy_set(rules)))
    assert (len(found.rules), found.left_out) == (50, 70)


@settings(max_examples=50)
@given(st.text(), st.text(), st.text())
def test_command_can_be_pasted(method: str, host: str, path: str) -> None:
    """Whatever was sent, the command is one line of printable ASCII, in which a shell finds just that request."""
    found = command(denial(method=method, host=host, path=path))
    if not found:
        return
    assert found.isascii()
    assert found.isprintable()
    request = shlex.split(found)[shlex.split(found).index("--request") + 1]
    assert json.loads(request) == {"method": method, "host": host, "path": path}
    assert found.replace(shlex.quote(request), "REQUEST") == (
        "authz-sidecar policy explain --against ADDRESS --token - --request REQUEST <token.txt"
    )
