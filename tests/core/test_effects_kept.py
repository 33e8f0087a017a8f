"""Answers that are kept have the effects of their own identity, endpoint and request, and of no other."""

from typing import Any

import pytest

from sidecar.core.cache import Known
from sidecar.core.check import Checker
from sidecar.core.trust import Trust
from sidecar.engine.local_cache import LocalCache
from support.answers import Answer, read_answer
from support.checks import finish
from support.effects import allowing, trust_of
from support.requests import with_token
from support.tokens import NOW, claims, forge_payload


class _Sidecar:
    """A checker that remembers."""

    def __init__(self, trust: Trust) -> None:
        self._cache = LocalCache(100)
        self._checker = Checker(lambda: trust, recent=self._cache)

    def ask(self, who: str = "alice", path: str = "/orders", now: float = NOW, **headers: str) -> Answer:
        token = forge_payload(claims(sub=who, team=f"team of {who}"))
        raw = with_token(token, path=path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return read_answer(finish(self._checker.begin(raw, now), now).response)

    def known(self, who: str = "alice") -> Known:
        found = self._cache.recall(f"Bearer {forge_payload(claims(sub=who, team=f'team of {who}'))}")
        assert found is not None
        return found


def _trust(value: Any, **more: Any) -> Trust:  # noqa: ANN401
    return allowing({"upstream": {"set": {"x-v": value}, **more}})


def test_literal_and_identity_are_kept() -> None:
    """What looks at the identity alone is part of the kept answer, and each identity has its own."""
    sidecar = _Sidecar(_trust({"cel": "identity.claims.team"}))
    for _ in range(3):
        for who in ("alice", "bob"):
            assert sidecar.ask(who).header("x-v") == f"team of {who}"
    assert len(sidecar.known().settled) == 1


def test_endpoint_is_kept_for_itself() -> None:
    """What looks at the endpoint is kept for that endpoint, though rules are the same for others."""
    sidecar = _Sidecar(_trust({"cel": "request.method + request.path"}))
    for _ in range(3):
        for path in ("/a", "/b", "/c"):
            assert sidecar.ask(path=path).header("x-v") == f"GET{path}"
    assert len(sidecar.known().settled) == 3


def test_endpoints_do_not_fill_the_memory() -> None:
    """Of an identity that asks everywhere a few answers are kept."""
    sidecar = _Sidecar(_trust({"cel": "request.path"}))
    for number in range(50):
        assert sidecar.ask(path=f"/{number}").header("x-v") == f"/{number}"
    assert len(sidecar.known().settled) <= 8
    assert len(sidecar.known().permits) <= 8


def test_large_answers_do_not_fill_the_memory() -> None:
    """An answer in which one claim makes many headers is not kept."""
    names = {f"x-v{number}": {"cel": "identity.claims.team"} for number in range(32)}
    sidecar = _Sidecar(allowing({"upstream": {"set": names}}))
    who = "alice" * 40
    assert sidecar.ask(who) == sidecar.ask(who)
    assert (sidecar.known(who).settled, sidecar.known(who).permits) == ({}, {})


def test_port_is_part_of_the_endpoint() -> None:
    """A value may look at the listener's port, though no rule does."""
    sidecar = _Sidecar(_trust({"cel": "destination.port"}))
    assert sidecar.ask().header("x-v") == "8443"


@pytest.mark.parametrize(
    "text", ["request.headers['x-a']", "request.headers['x-a'] + ''", "identity.subject + request.headers['x-a']"]
)
def test_request_is_never_kept(text: str) -> None:
    """What looks at the request is made anew."""
    sidecar = _Sidecar(_trust({"cel": text}))
    for value in ("1", "2", "1"):
        assert (sidecar.ask(x_a=value).header("x-v") or "").endswith(value)
    assert sidecar.ask().reason == "effect_failed"
    assert (sidecar.known().settled, sidecar.known().permits) == ({}, {})


def test_time_is_never_kept() -> None:
    """Nor is what looks at the time."""
    sidecar = _Sidecar(_trust({"cel": "now.getSeconds()"}))
    assert sidecar.ask(now=NOW).header("x-v") != sidecar.ask(now=NOW + 1).header("x-v")


def test_append_is_never_kept() -> None:
    """Whether a header is appended to depends on the request."""
    trust = allowing({"upstream": {"append": {"x-tag": "a"}}})
    sidecar = _Sidecar(trust)
    added, appended = sidecar.ask(), sidecar.ask(x_tag="c")
    assert sorted(added.headers) == sorted(appended.headers)
    assert sidecar.known().settled == {}


def test_query_is_looked_at_each_time() -> None:
    """A kept answer does not let a parameter pass that came later."""
    sidecar = _Sidecar(allowing({"query": {"set": {"tenant": "acme"}}}))
    assert sidecar.ask(path="/plain").parameters == ()
    assert sidecar.ask(path="/plain?tenant=x").parameters == ("tenant",)
    assert sidecar.ask(path="/plain").parameters == ()


def test_sent_header_is_overwritten_by_a_kept_answer() -> None:
    """What a client sends later is overwritten as before."""
    sidecar = _Sidecar(_trust({"cel": "identity.subject"}))
    first = sidecar.ask()
    assert sidecar.ask(x_v="mallory") == first
    assert first.header("x-v") == "alice"


def test_policies_of_one_identity_are_kept_apart() -> None:
    """Each policy has its own effects."""
    rules = [[{"to": [{"operation": {"paths": [path]}}]}] for path in ("/a", "/b")]
    policies = [
        {"name": name, "action": "allow", "allowed": {"upstream": {"set": {"x-v": name}}}, "rules": rule}
        for name, rule in zip("ab", rules, strict=True)
    ]
    sidecar = _Sidecar(trust_of(policies=policies))
    for _ in range(2):
        assert [sidecar.ask(path=path).header("x-v") for path in ("/a", "/b")] == ["a", "b"]


def test_nothing_is_spent_without_effects() -> None:
    """A configuration without effects keeps its answers as before."""
    sidecar = _Sidecar(trust_of(policies=[{"name": "all", "action": "allow", "rules": [{}]}]))
    sidecar.ask()
    assert len(sidecar.known().settled) == len(sidecar.known().permits) == 1
