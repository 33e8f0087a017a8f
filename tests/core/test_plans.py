"""What is kept of an identity under rules that look at requests: each request is held against them all the same."""

import gc
from typing import Any

import pytest

from sidecar.core.cache import Known
from sidecar.core.check import Checker
from sidecar.core.decision import Denial
from sidecar.core.policy.applicable import applicable
from sidecar.core.policy.case import Case
from sidecar.core.policy.model import Entry, Policy
from sidecar.core.policy.plan import Plan
from sidecar.core.reason import Reason
from sidecar.core.trust import Trust
from sidecar.engine.local_cache import LocalCache
from support.answers import Answer, read_answer
from support.checks import finish
from support.effects import trust_of
from support.identities import identity
from support.requests import request, with_token
from support.tokens import NOW, claims, forge_payload
from support.trusts import policy_set

_HEADER = "request.headers[x-mode]"
_POLICIES: list[dict[str, Any]] = [
    {"name": "closed", "action": "deny", "rules": [{"when": [{"key": _HEADER, "values": ["closed"]}]}]},
    {
        "name": "writers",
        "action": "allow",
        "scopes": ["write"],
        "rules": [{"when": [{"key": _HEADER, "values": ["write"]}]}],
    },
    {
        "name": "alice",
        "action": "allow",
        "rules": [
            {
                "when": [
                    {"key": "request.auth.claims[sub]", "values": ["alice"]},
                    {"key": "source.ip", "values": ["10.0.0.0/8"]},
                ]
            }
        ],
    },
    {
        "name": "by-cel",
        "action": "allow",
        "rules": [{"when": [{"cel": "request.headers['x-mode'] == 'cel' && now > timestamp('2024-01-01T00:00:00Z')"}]}],
    },
]


class _Sidecar:
    """A checker that remembers."""

    def __init__(self, **document: Any) -> None:  # noqa: ANN401 - any field of a configuration
        self.trust: Trust = trust_of(**{"policies": _POLICIES, **document})
        self._cache = LocalCache(100)
        self._checker = Checker(lambda: self.trust, recent=self._cache)

    def ask(self, who: str = "alice", mode: str = "", **more: Any) -> Answer:  # noqa: ANN401 - any field of a request
        headers = {"x-mode": mode} if mode else {}
        raw = with_token(forge_payload(claims(sub=who)), **{"peer": "10.0.0.1", "headers": headers, **more})
        return read_answer(finish(self._checker.begin(raw, NOW)).response)

    def known(self, who: str = "alice") -> Known:
        found = self._cache.recall(f"Bearer {forge_payload(claims(sub=who))}")
        assert found is not None
        return found


def test_each_request_is_asked_about_anew() -> None:
    """Whatever was decided before, and whatever answer was kept, for the same identity and others."""
    sidecar = _Sidecar()
    expected = [
        ("alice", "", "10.0.0.1", "allowed"),
        ("alice", "", "192.0.2.1", "no_policy_allows"),
        ("alice", "closed", "10.0.0.1", "denied_by_policy"),
        ("alice", "cel", "192.0.2.1", "allowed"),
        ("alice", "write", "192.0.2.1", "insufficient_scope"),
        ("alice", "write", "10.0.0.1", "allowed"),
        ("bob", "", "10.0.0.1", "no_policy_allows"),
        ("bob", "cel", "10.0.0.1", "allowed"),
        ("bob", "closed", "10.0.0.1", "denied_by_policy"),
    ]
    for _ in range(3):
        for who, mode, peer, reason in expected:
            assert (who, mode, peer, sidecar.ask(who, mode, peer=peer).reason) == (who, mode, peer, reason)
    assert len(sidecar.known().plans) == 1
    assert sidecar.known().settled == {}


def test_kept_answer_is_the_one_of_the_policy() -> None:
    """Two policies that allow have an answer each: the metadata names the one that did."""
    sidecar = _Sidecar()
    first = [sidecar.ask("alice", mode) for mode in ("", "cel")]
    again = [sidecar.ask("alice", mode, peer=peer) for mode, peer in (("", "10.0.0.1"), ("cel", "192.0.2.1"))]
    assert [one.metadata["policy"] for one in again] == ["alice", "by-cel"]
    assert first[0] == again[0]
    assert sidecar.ask("bob", "cel").header("x-auth-subject") == "bob"


def test_lookalikes_are_removed_whatever_is_kept() -> None:
    """What an upstream may take for ours is removed from the request that has it; the next one is as before."""
    sidecar = _Sidecar()
    plain = sidecar.ask()
    assert sidecar.ask() == plain
    odd = sidecar.ask(headers={"x_auth_subject": "mallory"})
    assert "x_auth_subject" in odd.removed
    assert "x_auth_subject" not in plain.removed
    assert sidecar.ask() == plain


def test_token_in_the_query_is_refused() -> None:
    """As without a plan."""
    sidecar = _Sidecar()
    assert sidecar.ask().reason == "allowed"
    assert sidecar.ask(path="/orders?access_token=x").reason != "allowed"


def test_plans_end_with_the_trust() -> None:
    """Another policy set decides by its own rules at once."""
    sidecar = _Sidecar()
    assert [sidecar.ask().reason for _ in range(2)] == ["allowed"] * 2
    sidecar.trust = _Sidecar(policies=_POLICIES[:2]).trust
    assert [sidecar.ask().reason for _ in range(2)] == ["no_policy_allows"] * 2


def test_plans_do_not_fill_the_memory() -> None:
    """Of an identity that asks at endpoints with rules of their own a few are kept."""
    policies = [
        {
            "name": f"p{number}",
            "action": "allow",
            "rules": [
                {
                    "to": [{"operation": {"paths": [f"/p{number}"]}}],
                    "when": [{"key": "source.ip", "values": ["10.0.0.0/8"]}],
                }
            ],
        }
        for number in range(30)
    ]
    sidecar = _Sidecar(policies=policies)
    for _ in range(2):
        for number in range(30):
            assert sidecar.ask(path=f"/p{number}").metadata["policy"] == f"p{number}"
    assert 0 < len(sidecar.known().plans) <= 8


def test_plans_keep_no_policies_alive() -> None:
    """An identity that never comes back keeps nothing of the policies that it was met under."""
    rules = [
        {"when": [{"key": "source.ip", "values": ["10.0.0.0/8"]}, {"cel": "request.headers['x-mode'] != 'closed'"}]}
    ]
    sidecar = _Sidecar(policies=[{"name": "gone-by-then", "action": "allow", "rules": rules}])
    for _ in range(3):
        assert sidecar.ask(mode="open").reason == "allowed"
    assert any(sidecar.known().plans.values())
    sidecar.trust = _Sidecar().trust
    assert sidecar.ask("bob", "cel").reason == "allowed"
    gc.collect()
    assert not [one for one in gc.get_objects() if isinstance(one, Policy) and one.name == "gone-by-then"]


def test_identity_is_asked_about_for_requests_alone_that_suit() -> None:
    """Whoever sends requests that no rule wants has nothing asked of the identity, which may take long."""
    asked: list[int] = []

    def leads_to(entry: Entry, _: Case) -> None:
        asked.append(entry.number)

    policies, plan = policy_set([_POLICIES[2]]), Plan(Denial(Reason.NO_POLICY_ALLOWS))
    for peer, expected in (("192.0.2.1", list[int]()), ("10.0.0.1", [0]), ("10.0.0.2", [0])):
        case = Case(request(peer=peer), identity(), NOW)
        rules = applicable(policies, case.request.endpoint)
        assert plan.decide(rules, case, leads_to).decision.reason is Reason.NO_POLICY_ALLOWS
        assert asked == expected


def test_kept_answers_are_few() -> None:
    """However many policies one identity is let in by, and in however many places."""
    allowed = {"upstream": {"set": {"x-v": {"cel": "request.path"}}}}
    policies = [
        {
            "name": f"p{number}",
            "action": "allow",
            "allowed": allowed,
            "rules": [{"when": [{"key": _HEADER, "values": [f"m{number}"]}]}],
        }
        for number in range(12)
    ]
    sidecar = _Sidecar(policies=policies)
    for _ in range(3):
        for path in ("/a", "/b"):
            for number in range(12):
                answer = sidecar.ask(mode=f"m{number}", path=path)
                assert (answer.metadata["policy"], answer.header("x-v")) == (f"p{number}", path)
    known = sidecar.known()
    assert len(known.permits) <= 8


def test_many_rules_have_no_plan() -> None:
    """Nor where there are hundreds of rules, which are decided by as ever."""
    rules = [{"when": [{"key": "source.ip", "values": [f"10.0.{number}.1"]}]} for number in range(40)]
    sidecar = _Sidecar(policies=[{"name": "many", "action": "allow", "rules": rules}])
    assert [sidecar.ask(peer=f"10.0.{number}.1").reason for number in (39, 0, 39)] == ["allowed"] * 3
    assert sidecar.ask(peer="10.0.40.1").reason == "no_policy_allows"
    assert sidecar.known().plans == {}


@pytest.mark.parametrize(
    "allowed",
    [
        {"upstream": {"set": {"x-v": {"cel": "request.headers['x-mode']"}}}},
        {"upstream": {"append": {"x-mode": "more"}}},
        {"query": {"set": {"tenant": "acme"}}},
    ],
    ids=["of the request", "appended", "query"],
)
def test_what_depends_on_the_request_is_made_anew(allowed: dict[str, Any]) -> None:
    """An answer with effects that look at the request is never kept with the plan."""
    policy = {
        "name": "p",
        "action": "allow",
        "allowed": allowed,
        "rules": [{"when": [{"key": "source.ip", "values": ["10.0.0.0/8"]}]}],
    }
    sidecar = _Sidecar(policies=[policy])
    asked = [("a", "/x"), ("b", "/x?tenant=y"), ("a", "/x")]
    kept = [sidecar.ask(mode=mode, path=path) for mode, path in asked]
    fresh = [_Sidecar(policies=[policy]).ask(mode=mode, path=path) for mode, path in asked]
    assert kept == fresh
