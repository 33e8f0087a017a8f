"""What is decided on a log's requests: as the check decides, and nothing that is not known."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from policy import strategies
from sidecar.core.decision import Permit
from sidecar.core.policy.evaluate import admit_without_identity, evaluate
from sidecar.core.reason import Refusal
from sidecar.replay.asked import Asked, Policies, ask
from sidecar.replay.decide import Untold, Verdict, decide
from sidecar.replay.record import Record, Token
from sidecar.settings.root import RequestSettings
from support.trusts import policy_set

_SETTINGS = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
_HEADERS = ("x-team", "x-forwarded-for")


def _record(request: dict[str, Any], claims: dict[str, Any] | None) -> Record:
    headers = {
        name: ",".join(value) if isinstance(value, list) else value for name, value in request["headers"].items()
    }
    return Record(
        request["method"],
        request["host"],
        request["path"],
        headers=dict.fromkeys(_HEADERS) | headers,
        address=request["source"]["address"],
        principal=request["source"].get("principal"),
        destination=request["destination"]["address"],
        port=request["destination"]["port"],
        server_name=request.get("sni"),
        token=Token.NONE if claims is None else Token.GOOD,
        claims=claims or {},
        has_all_claims=True,
    )


def _policies(policies: list[dict[str, Any]], public: list[dict[str, Any]], hops: int) -> Policies:
    written = [{key: value for key, value in one.items() if key != "dry_run"} for one in policies]
    return Policies(policy_set(written, public, hops=hops), RequestSettings.model_validate({}))


def _asked(record: Record, under: Policies) -> Asked:
    try:
        return ask(record, under)
    except Refusal:
        assume(condition=False)
        raise


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
    asked = _asked(_record(request, claims), _policies(policies, public, hops))
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
    under = _policies(policies, public, 1)
    whole = _record(request, claims)
    part = replace(whole, headers={name: value for name, value in whole.headers.items() if name not in forgotten})
    if "claims" in forgotten:
        part = replace(part, token=Token.UNKNOWN, claims={}, has_all_claims=False)
    elif "all claims" in forgotten:
        told = {name: value for name, value in whole.claims.items() if name in {"iss", "sub"}}
        part = replace(part, claims=told, has_all_claims=False)
    part = replace(
        part,
        address=None if "address" in forgotten else part.address,
        principal=None if "principal" in forgotten else part.principal,
        port=None if "port" in forgotten else part.port,
    )
    found, known = decide(_asked(part, under)), decide(_asked(whole, under))
    event("told" if isinstance(found, Verdict) else "untold")
    if isinstance(found, Untold) or isinstance(known, Untold):
        return
    assert (found.allowed, found.reason) == (known.allowed, known.reason)
    assert found.policy in {None, known.policy}
