"""Why a request of a log is decided as it is: as ``core.policy.explain`` has it, and nothing that is not known."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from policy import strategies
from sidecar.core.policy.explain import Node, explain
from sidecar.replay.decide import Verdict, decide
from sidecar.replay.record import Record, Token
from sidecar.replay.told import Told, told
from support.logged import asked_of, enforced, forgetting, logged

_SETTINGS = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow], deadline=None)
_FORGETTABLE = ["x-team", "x-forwarded-for", "address", "claims", "all claims", "principal", "query"]


def _told(one: Told) -> Iterator[tuple[str, bool | None]]:
    yield one.label, one.holds
    for part in one.parts:
        yield from _told(part)


def _explained(node: Node) -> Iterator[tuple[str, bool]]:
    yield node.label, node.holds
    for part in node.parts:
        yield from _explained(part)


@_SETTINGS
@given(strategies.policies, strategies.requests, strategies.claims)
def test_as_explained(policies: list[dict[str, Any]], request: dict[str, Any], claims: dict[str, Any]) -> None:
    """What is told of a condition is what ``policy explain`` says of it."""
    under = enforced(policies)
    asked = asked_of(logged(request, claims), under)
    explained = {one.policy.name: one for one in explain(under.policies, asked.case)}
    for rule in told(asked):
        (node,) = (one for one in explained[rule.policy.name].rules if one.label == rule.told.label)
        elsewhere = set(_explained(node))
        for label, holds in _told(rule.told):
            # But for what is ours alone, and what stands elsewhere with the conditions on the endpoint in it.
            if (
                holds is not None
                and label not in {rule.told.label, "when"}
                and not label.startswith(("scopes:", "enforced for"))
            ):
                assert (label, holds) in elsewhere


@_SETTINGS
@given(strategies.policies, strategies.requests, strategies.claims, st.sets(st.sampled_from(_FORGETTABLE)))
def test_whatever_is_not_known(
    policies: list[dict[str, Any]], request: dict[str, Any], claims: dict[str, Any], forgotten: set[str]
) -> None:
    """What is told without knowing something is told so when it is known: it never hung on that."""
    under, whole = enforced(policies), logged(request, claims)
    part = told(asked_of(forgetting(whole, forgotten), under))
    known = told(asked_of(whole, under))
    assert [one.policy.name for one in part] == [one.policy.name for one in known]
    for one, other in zip(part, known, strict=True):
        pairs = list(zip(_told(one.told), _told(other.told), strict=True))
        event("something is not known" if any(told_of[1] is None for told_of, _ in pairs) else "all is known")
        for (label, holds), (same, really) in pairs:
            assert label == same
            assert holds in {None, really}


def test_query_that_is_not_known() -> None:
    """A log without queries says nothing of what a policy finds in one, and nothing is decided by that."""
    policies = [{"name": "q", "action": "allow", "rules": [{"when": [{"cel": "request.query == 'a=1'"}]}]}]
    under = enforced(policies)
    record = Record("GET", "api.example.com", "/", token=Token.GOOD, claims={"iss": "i"}, has_query=False)
    (rule,) = told(asked_of(record, under))
    assert (rule.told.holds, rule.told.parts[0].parts[0].lacking) == (None, frozenset({"query"}))
    assert not isinstance(decide(asked_of(record, under)), Verdict)
    asked = asked_of(replace(record, path="/?a=1", has_query=True), under)
    assert decide(asked) == Verdict(allowed=True, reason=decide(asked).reason, policy="q")  # type: ignore[union-attr]


def test_rules_that_are_alike() -> None:
    """Each is told by its own place in its policy, also where two of them say the same."""
    under = enforced([{"name": "twice", "action": "allow", "rules": [{}, {}]}])
    record = Record("GET", "api.example.com", "/", token=Token.GOOD, claims={"iss": "i"})
    assert [rule.told.label for rule in told(asked_of(record, under))] == ["rule 1", "rule 2"]
