"""What is decided on a log's requests: as the check decides, and nothing that is not known."""

from typing import Any

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from policy import strategies
from sidecar.core.decision import Permit
from sidecar.core.policy.evaluate import admit_without_identity, evaluate
from sidecar.replay.asked import Asked
from sidecar.replay.decide import Untold, Verdict, decide
from support.logged import asked_of, enforced, forgetting, logged

_SETTINGS = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def _checked(asked: Asked) -> Verdict:
    """Return what the check decides."""
    nobody = asked.case._replace(identity=None)
    decision = admit_without_identity(asked.rules, nobody)
    if decision is None and asked.case.identity is not None:
        decision = evaluate(asked.rules, asked.case, {})
    assume(decision is not None)
    assert decision is not None
    return Verdict(isinstance(decision, Permit), decision.reason, decision.policy)


@_SETTINGS
@given(strategies.policies, strategies.public, strategies.hops, strategies.requests, st.none() | strategies.claims)
def test_as_the_check(
    policies: list[dict[str, Any]],
    public: list[dict[str, Any]],
    hops: int,
    request: dict[str, Any],
    claims: dict[str, Any] | None,
) -> None:
    """Where a decision can be told, it is the check's."""
    asked = asked_of(logged(request, claims), enforced(policies, public, hops))
    found = decide(asked)
    event("told" if isinstance(found, Verdict) else "untold")
    if isinstance(found, Verdict):
        expected = _checked(asked)
        assert (found.allowed, found.reason) == (expected.allowed, expected.reason)
        assert found.policy in {None, expected.policy}


@_SETTINGS
@given(
    strategies.policies,
    strategies.public,
    strategies.requests,
    strategies.claims,
    st.sets(st.sampled_from(["x-team", "x-forwarded-for", "address", "claims", "all claims", "principal", "port"])),
)
def test_whatever_is_not_known(
    policies: list[dict[str, Any]],
    public: list[dict[str, Any]],
    request: dict[str, Any],
    claims: dict[str, Any],
    forgotten: set[str],
) -> None:
    """What is decided without knowing something is decided so when it is known: it never hung on that."""
    under = enforced(policies, public, 1)
    whole = logged(request, claims)
    part = forgetting(whole, forgotten)
    found, known = decide(asked_of(part, under)), decide(asked_of(whole, under))
    event("told" if isinstance(found, Verdict) else "untold")
    if isinstance(found, Untold) or isinstance(known, Untold):
        return
    assert (found.allowed, found.reason) == (known.allowed, known.reason)
    assert found.policy in {None, known.policy}
