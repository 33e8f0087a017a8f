"""What is told of a check."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sidecar.core.caller import Level
from sidecar.core.decision import Denial, Permit
from sidecar.core.hooked import HookAnswer, HookResult
from sidecar.core.needs import Decided
from sidecar.core.reason import Reason
from sidecar.core.response import deny
from sidecar.decision_log.fields import SHAPE
from sidecar.decision_log.masks import Masks
from sidecar.decision_log.pointer import parse
from sidecar.decision_log.record import record_of
from sidecar.replay.formats import UnreadableError, read_line
from sidecar.replay.record import Token
from support.effects import denying
from support.identities import identity
from support.requests import check_request, with_token
from support.telling import AT, ORIGIN, entry, record
from support.tokens import ISSUER, claims, mint
from support.trusts import policy_set, trust

_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_ONE_RULE = [{"name": "orders", "action": "allow", "rules": [{"to": [{"operation": {"paths": ["/orders"]}}]}]}]
_HEADERS = {"x-request-id": "7f9c-1", "traceparent": _TRACE}


def _denied(**fields: Any) -> Decided:  # noqa: ANN401 - any field
    denial = Denial(Reason.DENIED_BY_HOOK, **fields)
    return Decided(denial, deny(denial, "", "api"))


def test_allowed() -> None:
    """All that there is to what is allowed."""
    asked = with_token(mint(), headers=_HEADERS, path="/orders?q=secret", peer="192.0.2.7")
    assert record(asked, trust(policy_set(_ONE_RULE))) == {
        "time": "2026-01-01T12:00:00.250000Z",
        "decision": "allow",
        "reason": "allowed",
        "status": 200,
        "policy": "orders",
        "rule": 1,
        "issuer": ISSUER,
        "subject": "alice",
        "method": "GET",
        "host": "api.example",
        "path": "/orders",
        "address": "192.0.2.7",
        "duration": 0.00025,
        "cache": "none",
        "request_id": "7f9c-1",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "mode": "enforced",
        "process": "server-0",
        "version": "1.2.3",
    }


def test_denied_by_policy() -> None:
    """Of a denial it is told whose it is, where that was found out."""
    found = record(with_token(mint(), path="/other"), trust(policy_set(_ONE_RULE)))
    assert (found["decision"], found["reason"], found["status"]) == ("deny", "no_policy_allows", 403)
    assert (found["issuer"], found["subject"]) == (ISSUER, "alice")
    assert not {"policy", "rule", "one_in"} & found.keys()


@pytest.mark.parametrize("token", [None, mint(claims(exp=1, sub="mallory"))])
def test_denied_without_a_good_token(token: str | None) -> None:
    """Nobody is named who only a bad token names; and it is said that there was none that was good."""
    found = record(check_request() if token is None else with_token(token))
    assert (found["status"], found["subject"]) == (401, None)
    assert "issuer" not in found
    assert "mallory" not in json.dumps(found)


def test_status_of_an_effect() -> None:
    """The status is that which the client gets, whoever chose it."""
    found = record(with_token(mint(), path="/denied"), denying({"status": 404}))
    assert (found["decision"], found["reason"], found["status"]) == ("deny", "denied_by_policy", 404)


def test_what_would_be_denied() -> None:
    """In global dry run a denial is told as what it would have been, of a request that passes."""
    enforced = policy_set([{"name": "no", "action": "deny", "rules": [{}]}])
    found = record(with_token(mint()), trust(replace(enforced, dry_run=True)))
    assert (found["decision"], found["reason"], found["policy"], found["rule"]) == (
        *("would_deny", "denied_by_policy"),
        *("no", 1),
    )
    assert (found["status"], found["mode"], found["subject"]) == (200, "dry_run", "alice")
    assert "dry_run" not in found


def test_policies_that_are_tried() -> None:
    """What policies would have done that are not enforced is beside what was done."""
    tried = {"name": "no", "action": "deny", "rules": [{}], "dry_run": True}
    audit = {"name": "seen", "action": "audit", "rules": [{}]}
    found = record(with_token(mint()), trust(policy_set([*_ONE_RULE, tried, audit])))
    assert (found["decision"], found["policy"], found["audited"]) == ("allow", "orders", ["seen"])
    assert found["dry_run"] == {"decision": "deny", "reason": "denied_by_policy", "policy": "no", "rule": 1}


def test_hooks() -> None:
    """Hooks that said something are named with what they said."""
    answers = (HookAnswer("m:one", HookResult.ADD), HookAnswer("m:two", HookResult.ALLOW, "a detail"))
    permit = Permit(Reason.ALLOWED_BY_HOOK, identity(), None, (), None, answers)
    found = record(check_request(), decided=Decided(permit, b"", None, Level.L1))
    assert found["hooks"] == [{"hook": "m:one", "result": "add"}, {"hook": "m:two", "result": "allow"}]
    denied = _denied(detail="over the limit", by_hook=HookAnswer("m:three", HookResult.DENY, "over the limit", 429))
    found = record(check_request(), decided=denied)
    assert found["hooks"] == [{"hook": "m:three", "result": "deny"}]
    assert (found["detail"], found["status"]) == ("over the limit", 429)


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"\x0a\x00"])
def test_what_nobody_can_read(raw: bytes) -> None:
    """Of what is no request it is told that there was one."""
    denial = Denial(Reason.UNREADABLE_REQUEST)
    found = record(raw, decided=Decided(denial, deny(denial, "", "api")))
    assert (found["reason"], found["status"]) == ("unreadable_request", 503)
    assert not {"method", "path", "host", "address"} & found.keys()


def test_one_in() -> None:
    """What was sampled says for how many it stands."""
    assert record_of(entry(one_in=100), trust(), ORIGIN)["one_in"] == 100
    assert AT == 1767268800.25


def test_lengths() -> None:
    """No text is longer than it may be, and what was cut is seen to be."""
    asked = check_request(path="/" + "a" * 9000, host="b" * 300, method="C" * 40, headers={"x-request-id": "d" * 128})
    found = record(asked)
    lengths = {name: len(str(found[name])) for name in ("path", "host", "method", "request_id")}
    assert lengths == {"path": 1024, "host": 255, "method": 32, "request_id": 128}
    assert str(found["path"]).endswith("a…")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/a\nb", "/a\nb"),
        ("/caf\u00e9\u2028", "/caf\u00e9\u2028"),
        ("/a#access_token=abc", "/a"),
        ("/a?b", "/a"),
    ],
)
def test_paths(path: str, shown: str) -> None:
    """The path is told as it was sent, up to its query or fragment."""
    assert record(check_request(path=path))["path"] == shown


def test_bytes_that_are_no_text() -> None:
    """A path that is not UTF-8, and half a character, are told as escapes."""
    raw = check_request(header_map=[(":path", b"/a\xff\xed\xa0\x80"), ("x-request-id", b"\xff")])
    found = record(raw)
    assert found["path"] == "/a\\udcff\\uded\\udca0\\udc80".replace("\\uded", "\\udced")
    assert json.loads(json.dumps(found)) == found
    assert "request_id" not in found


def test_password_in_the_host() -> None:
    """What stands before an @ is nobody's to read."""
    assert record(check_request(host="alice:hunter2@api.example"))["host"] == "***@api.example"


def test_fields_are_those_that_there_are() -> None:
    """Nothing is told that the list of fields does not have."""
    tried = {"name": "no", "action": "deny", "rules": [{}], "dry_run": True}
    found = record(with_token(mint(), headers=_HEADERS, peer="1.2.3.4"), trust(policy_set([*_ONE_RULE, tried])))
    assert found.keys() <= SHAPE.keys()
    assert list(found) == [name for name in SHAPE if name in found]


@pytest.mark.parametrize(("token", "known"), [(mint(), Token.GOOD), (None, Token.NONE)])
def test_policy_diff_reads_it(token: str | None, known: Token) -> None:
    """A line of the log is one that ``authz-sidecar policy diff`` takes."""
    asked = check_request(peer="192.0.2.7") if token is None else with_token(token, peer="192.0.2.7")
    read = read_line(json.dumps(record(asked)).encode())
    assert (read.method, read.host, read.path, read.address) == ("GET", "api.example", "/orders", "192.0.2.7")
    assert (read.token, read.time) == (known, AT)
    assert read.claims == ({"iss": ISSUER, "sub": "alice"} if token else {})
    assert not read.has_query


def test_policy_diff_believes_no_mask() -> None:
    """What is masked, hashed or cut is not known to it, and no value."""
    told = record(with_token(mint(), peer="192.0.2.7", headers={"x-request-id": "a" * 99}))
    Masks((parse("/address"),), (parse("/subject"), parse("/request_id")), bytes(32)).apply(told)
    read = read_line(json.dumps(told).encode())
    assert (read.token, read.claims, read.address, read.headers) == (Token.GOOD, {"iss": ISSUER}, None, {})
    with pytest.raises(UnreadableError, match="no path"):
        read_line(json.dumps({**told, "path": "/a…"}).encode())
