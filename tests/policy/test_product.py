"""The product against the corpus, and against the reference evaluator on random policies and requests."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy import strategies
from policy.cases import FILES, evaluated
from policy.reference import Decision, Outcome, decide
from sidecar.cases.expectation import differences
from sidecar.cases.model import RequestCase
from sidecar.cases.read import read_cases
from sidecar.cases.request import check_request
from sidecar.cases.run import Found, Prepared, prepare, run, situation
from sidecar.cases.trial_trust import TrialTrust, trial_of_policies
from sidecar.core.decision import Permit
from sidecar.core.endpoint import endpoint_of
from sidecar.core.identity import identity_of
from sidecar.core.path import PathMode
from sidecar.core.policy.applicable import applicable
from sidecar.core.policy.case import Case
from sidecar.core.policy.evaluate import admit_without_identity, evaluate, leads_to, plan
from sidecar.core.policy.explain import Explained, explain
from sidecar.core.policy.model import Action, PolicySet
from sidecar.core.reason import Reason, Refusal
from sidecar.core.request import admit
from sidecar.core.sent import read_sent
from support.keypairs import pair
from support.trusts import issuer, policy_set

_EMPTY = {"address": "", "port": 0}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_corpus(path: Path) -> None:
    """Each case ends as its file says, in all that is told; what it does not say is not there."""
    cases = read_cases([path])[0]
    trial = trial_of_policies(cases, cases.values or {})
    wrong = {}
    for case in cases.content.cases:
        prepared = prepare(case, trial)
        found = run(prepared, trial.trust)
        decision, expected = found.decision, case.expect
        unsaid = [
            f"{name}: {value}"
            for name, wanted, value in (
                ("policy", expected.policy, decision.policy),
                ("audited", expected.audited, decision.audited),
                ("dry_run", expected.dry_run, decision.trial),
            )
            if value and wanted is None
        ]
        wrong[case.name] = [*differences(expected, found), *unsaid, *_unexplained(prepared, trial, found)]
    assert {name: lines for name, lines in wrong.items() if lines} == {}


def _unexplained(prepared: Prepared, trial: TrialTrust, found: Found) -> list[str]:
    """Hold what is explained against what was decided."""
    if found.decision.reason not in {Reason.ALLOWED, Reason.DENIED_BY_POLICY, Reason.NO_POLICY_ALLOWS}:
        return []
    explained = explain(trial.trust.policy, situation(prepared, trial.trust))
    return [] if _decides(explained, found) else [f"explained otherwise: {explained}"]


def _decides(explained: tuple[Explained, ...], found: Found) -> bool:
    matching = [one for one in explained if one.matches and one.enforced]
    denying = [one.policy.name for one in matching if one.policy.action is Action.DENY]
    if found.decision.reason is Reason.DENIED_BY_POLICY:
        return denying[:1] == [found.decision.policy]
    allowing = [one.policy.name for one in matching if one.policy.action is Action.ALLOW]
    if found.decision.reason is Reason.NO_POLICY_ALLOWS:
        return not denying and not allowing
    return not denying and found.decision.policy in allowing


def _without_none(request: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: _EMPTY.get(key, "") if item is None else item for key, item in value.items()}
        if name in {"source", "destination"}
        else value
        for name, value in request.items()
    }


def _told(decision: Any) -> Outcome:  # noqa: ANN401 - a decision
    allowed, trial = isinstance(decision, Permit), decision.trial
    would = None if trial is None else Decision(_word(trial.allowed), trial.reason.value, trial.policy)
    return Outcome(_word(allowed), decision.reason.value, decision.policy, decision.audited, would)


def _word(allowed: bool) -> str:  # noqa: FBT001 - of a pair
    return "allow" if allowed else "deny"


def _decided(policies: PolicySet, request: dict[str, Any], claims: dict[str, Any] | None, *, scan: bool) -> Outcome:
    raw = check_request(RequestCase.model_validate(_without_none(request)), None)
    sent = read_sent(raw)
    endpoint = endpoint_of(sent.method, sent.authority, sent.path, sent.port, PathMode.REJECT, 8192)
    identity = (
        None if claims is None else identity_of({"exp": 600, **claims}, issuer(issuer=claims["iss"]), pair().public)
    )
    case = Case(admit(sent, endpoint), identity, 0.0, policies.proxies)
    rules = applicable(_scanned(policies) if scan else policies, endpoint)
    answers: dict[int, bool] = {}
    open_to_all = admit_without_identity(rules, case._replace(identity=None))
    if open_to_all is not None:
        return _told(open_to_all)
    if identity is None:
        return Outcome("deny", Reason.NO_CREDENTIAL.value, None, (), None)
    first = _told(evaluate(rules, case, answers))
    assert _told(evaluate(rules, case, answers)) == first, "another answer from what was kept"
    if rules.plannable:
        planned = plan(rules, case)
        for _ in range(2):
            assert _told(planned.decide(rules, case, leads_to).decision) == first, "another answer by plan"
    return first


def _scanned(policies: PolicySet) -> PolicySet:
    """Return the same with every rule a candidate for every path."""
    for action in Action:
        entries = getattr(policies, f"{action.value}_by_path")._members
        object.__setattr__(policies, f"{action.value}_by_path", _All(entries))
    return policies


class _All:
    def __init__(self, members: Any) -> None:  # noqa: ANN401 - entries
        self._members = members

    def candidates(self, _path: str) -> Any:  # noqa: ANN401 - entries
        return self._members


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(strategies.policies, strategies.public, strategies.hops, strategies.requests, st.none() | strategies.claims)
def test_as_the_reference(
    policies: list[dict[str, Any]],
    public: list[dict[str, Any]],
    hops: int,
    request: dict[str, Any],
    claims: dict[str, Any] | None,
) -> None:
    """On random policies and requests the product decides as the evaluator that was written apart from it."""
    policies = [_one_share(policy) for policy in policies]
    compiled = policy_set(policies, public, hops=hops)
    try:
        expected = decide(policies, evaluated(request), claims, hops=hops, public=public)
    except Refusal:
        return
    assert _decided(compiled, request, claims, scan=False) == expected
    assert _decided(policy_set(policies, public, hops=hops), request, claims, scan=True) == expected


def _one_share(policy: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in policy.items() if name != "enforce_percent" or not policy.get("dry_run")}
