"""What is done beside deciding, under two configurations: told where it is known, and never guessed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.strict_json import Json
from sidecar.loading.document import Document
from sidecar.loading.load import configuration_of
from sidecar.replay.asked import Policies, policies_of
from sidecar.replay.compare import Change, Difference, compare, in_order
from sidecar.replay.decide import Verdict

_ISSUERS = [{"issuer": "https://idp.example", "audiences": ["orders"], "keys": {"file": "nowhere.json"}}]
_ALICE: dict[str, Json] = {"claims": {"sub": "alice", "team": "A"}}


def _under(policies: list[dict[str, Any]], **more: Any) -> Policies:  # noqa: ANN401 - any settings
    values = {"issuers": _ISSUERS, "policies": policies, **more}
    return policies_of(configuration_of(Document(Path("authz.yaml"), values, {}), {}))


def _policy(action: str = "allow", **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any of its fields
    return [{"name": "p", "action": action, "rules": [{}], **more}]


def _compare(old: Policies, new: Policies, **line: Json) -> Difference:
    text = json.dumps({"method": "GET", "host": "a", "path": "/x", **line}).encode()
    return compare([text], old, new, claims=None, examples=1)


def _change(old: Policies, new: Policies, **line: Json) -> tuple[Change, tuple[str, ...]]:
    """Return what becomes of one request, and what would be another, or what that hangs on."""
    found = _compare(old, new, **line)
    (change,) = found.counts
    kinds = [kind for kind, _ in in_order(found)]
    return change, kinds[0].parts if kinds else tuple(sorted(found.lacking))


def _allowed(**effects: Any) -> Policies:  # noqa: ANN401 - any effects
    return _under(_policy(allowed=effects))


def _denied(**effects: Any) -> Policies:  # noqa: ANN401 - any effects
    return _under(_policy("deny", denied=effects))


_TEAM = {"cel": "identity.claims.team"}
#: Effects of an allow policy under both configurations, and what would be another for Alice.
_ALLOWED: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"upstream": {"set": {"x-a": "1"}}}, {"upstream": {"set": {"x-a": "1"}}}, []),
    ({"upstream": {"set": {"x-a": "1"}}}, {"upstream": {"set": {"x-a": "2"}}}, ["upstream.set.x-a"]),
    ({"upstream": {"set": {"x-a": "A"}}}, {"upstream": {"set": {"x-a": _TEAM}}}, []),
    ({"upstream": {"set": {"x-a": "a"}}}, {"upstream": {"set": {"x-a": _TEAM}}}, ["upstream.set.x-a"]),
    ({"upstream": {"append": {"x-a": "1"}}}, {"upstream": {"append": {"x-a": "2"}}}, ["upstream.append.x-a"]),
    ({"client": {"set": {"x-a": "1"}}}, {"client": {"append": {"x-b": "1"}}}, ["client.append.x-b", "client.set.x-a"]),
    ({"query": {"set": {"a": "1"}}}, {"query": {"set": {"a": "2"}}}, ["query.set.a"]),
    ({"query": {"remove": ["a"]}}, {"query": {"remove": ["b"]}}, ["query.remove.a", "query.remove.b"]),
    ({"metadata": {"a": _TEAM}}, {"metadata": {"a": {"cel": "identity.claims.team + 'x'"}}}, ["metadata.a"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "parts"), _ALLOWED)
def test_allowed(old: dict[str, Any], new: dict[str, Any], parts: list[str]) -> None:
    """Values count, and not how they are written."""
    expected = (Change.DONE, tuple(parts)) if parts else (Change.SAME, ())
    assert _change(_allowed(**old), _allowed(**new), **_ALICE) == expected
    assert _change(_allowed(**new), _allowed(**old), **_ALICE) == expected


_DENIED: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"status": 404}, {"status": 404}, []),
    ({"status": 404}, {"status": 410}, ["denied.status"]),
    ({"text": "no"}, {"text": "never"}, ["denied.body"]),
    ({"json": {"a": 1}}, {"json": {"a": 1}, "headers": {"set": {"x-a": _TEAM}}}, ["denied.headers.x-a"]),
    ({"redirect": {"to": "https://a.example/"}}, {"redirect": {"to": "https://b.example/"}}, ["denied.redirect"]),
]


@pytest.mark.parametrize(("old", "new", "parts"), _DENIED)
def test_denied(old: dict[str, Any], new: dict[str, Any], parts: list[str]) -> None:
    """How a denial is told."""
    expected = (Change.DONE, tuple(parts)) if parts else (Change.SAME, ())
    assert _change(_denied(**old), _denied(**new), **_ALICE) == expected


def test_denied_without_a_token() -> None:
    """What holds for all denials without a credential is compared, too."""
    old, new = (
        _under(_policy(), response={"unauthenticated": {"text": text, "status": 401}}) for text in ("log in", "go away")
    )
    assert _change(old, new, subject=None) == (Change.DONE, ("denied.body",))
    assert _change(old, new, **_ALICE) == (Change.SAME, ())


def test_what_is_not_known() -> None:
    """A value that hangs on what the log lacks is not guessed, unless it is written alike."""
    old, new = _allowed(upstream={"set": {"x-a": _TEAM}}), _allowed(upstream={"set": {"x-a": "A"}})
    assert _change(old, new, subject="alice") == (Change.UNTOLD, ("claim team",))
    assert _change(old, old, subject="alice") == (Change.SAME, ())
    other = _allowed(upstream={"set": {"x-a": "A", "x-b": "1"}})
    assert _change(old, other, subject="alice") == (Change.DONE, ("upstream.set.x-b",))


def test_an_effect_that_fails() -> None:
    """Where all is known, what cannot be told is a denial, as in a check."""
    old, new = _under(_policy()), _allowed(upstream={"set": {"x-a": _TEAM}})
    found = _compare(old, new, claims={"sub": "bob"})
    ((kind, _),) = in_order(found)
    assert kind.change is Change.CLOSED
    assert isinstance(kind.pair[1], Verdict)
    assert kind.pair[1].reason == "effect_failed"
    assert _change(old, new, subject="bob")[0] is Change.UNTOLD


def test_another_policy() -> None:
    """Where another policy allows, what that does is told beside it."""
    one, other = ([{**_policy(allowed={"client": {"set": {"x-a": name}}})[0], "name": name}] for name in "ab")
    assert _change(_under(one), _under(other), **_ALICE) == (Change.OTHERWISE, ("client.set.x-a",))


_HOOKS: list[tuple[list[Any], list[Any], list[str]]] = [
    (["m:f"], ["m:f"], []),
    ([], ["m:f"], ["hook m:f"]),
    (["m:f"], ["m:g"], ["hook m:f", "hook m:g"]),
    (["m:f"], [{"call": "m:f", "on": [{"paths": ["/y"]}]}], ["hook m:f"]),
    (["m:f"], [{"call": "m:f", "may_allow": True}], ["hook m:f, which may allow"]),
]


@pytest.mark.parametrize(("old", "new", "parts"), _HOOKS)
def test_hooks(old: list[Any], new: list[Any], parts: list[str]) -> None:
    """Which hooks are asked is compared, and nobody imports them."""
    expected = (Change.DONE, tuple(parts)) if parts else (Change.SAME, ())
    assert _change(_under(_policy(), hooks=old), _under(_policy(), hooks=new), **_ALICE) == expected


def test_hooks_of_what_no_policy_allows() -> None:
    """They are asked about it if one of them may allow it, and about what a policy denies never."""
    may = [{"call": "m:f", "may_allow": True}]
    plain, asked = (_under([], hooks=hooks) for hooks in (["m:f"], may))
    assert _change(plain, asked, **_ALICE) == (Change.DONE, ("hook m:f", "hook m:f, which may allow"))
    denied, other = (_under(_policy("deny"), hooks=hooks) for hooks in (["m:f"], may))
    assert _change(denied, other, **_ALICE) == (Change.SAME, ())


def test_a_hook_s_ports() -> None:
    """A hook that is asked at one port alone: without the listener's port nobody knows whether it is."""
    old = _under(_policy())
    new = _under(_policy(), hooks=[{"call": "m:f", "on": [{"ports": ["8443"]}]}])
    assert _change(old, new, **_ALICE) == (Change.UNTOLD, ("port",))
    assert _change(old, new, **_ALICE, port=8443) == (Change.DONE, ("hook m:f",))


def test_which_policy_is_not_known() -> None:
    """Where it cannot be told which of two policies allows, what is done cannot be told."""
    first = {"name": "a", "action": "allow", "rules": [{"when": [{"cel": "identity.claims.team == 'A'"}]}]}
    both = _under([first, *_policy(allowed={"upstream": {"set": {"x-a": "1"}}})])
    plain = _under([first, *_policy()])
    assert _change(plain, both, subject="alice") == (Change.UNTOLD, ("claim team",))
    assert _change(plain, replace(plain), subject="alice") == (Change.SAME, ())
