"""What is said to cover, to be closed or to match nothing, does: on random rules and requests."""

from typing import Any

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from policy import strategies
from sidecar.cases.model import RequestCase
from sidecar.cases.request import check_request
from sidecar.core.endpoint import endpoint_of
from sidecar.core.identity import identity_of
from sidecar.core.path import PathMode
from sidecar.core.policy.case import Case
from sidecar.core.policy.explain import explain
from sidecar.core.policy.model import PolicySet
from sidecar.core.reason import Refusal
from sidecar.core.request import admit
from sidecar.core.sent import read_sent
from sidecar.lint.covering import covers
from sidecar.lint.reach import reach
from sidecar.lint.subject import Subject
from sidecar.settings import Settings
from support.keypairs import pair
from support.trusts import ISSUERS, issuer, policy_set

_Asked = tuple[dict[str, Any], dict[str, Any] | None]
_ASKED = st.lists(st.tuples(strategies.requests, st.none() | strategies.claims), min_size=4, max_size=4)
_SETTINGS = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None
)


def _wider(rule: dict[str, Any], draw: st.DrawFn) -> dict[str, Any]:
    """Return a rule that may cover another one: the same with something left out, or with something more in a list."""
    found = {name: value for name, value in rule.items() if draw(st.integers(0, 3))}
    if "to" in found and draw(st.booleans()):
        found["to"] = [*found["to"], {"operation": draw(strategies.operations)}]
    return found


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    narrow = draw(strategies.rules)
    return (_wider(narrow, draw) if draw(st.integers(0, 3)) else draw(strategies.rules)), narrow


def _case(policies: PolicySet, request: dict[str, Any], claims: dict[str, Any] | None) -> Case:
    for name in ("source", "destination"):
        request = {**request, name: {key: value for key, value in request[name].items() if value is not None}}
    sent = read_sent(check_request(RequestCase.model_validate(request), None))
    try:
        endpoint = endpoint_of(sent.method, sent.authority, sent.path, sent.port, PathMode.REJECT, 8192)
    except Refusal:
        assume(condition=False)
    who = None if claims is None else identity_of({"exp": 600, **claims}, issuer(issuer=claims["iss"]), pair().public)
    return Case(admit(sent, endpoint), who, 0.0, policies.proxies)


@_SETTINGS
@given(
    _pairs(),
    st.sampled_from([("allow", "allow"), ("deny", "deny"), ("deny", "allow")]),
    strategies.hops,
    _ASKED,
)
def test_what_covers_matches_as_well(
    rules: tuple[dict[str, Any], dict[str, Any]],
    actions: tuple[str, str],
    hops: int,
    asked: list[_Asked],
) -> None:
    """Whatever a rule matches, a rule that covers it matches."""
    written = [
        {"name": name, "action": action, "rules": [rule]}
        for name, action, rule in zip("wn", actions, rules, strict=True)
    ]
    policies = policy_set(written, [], hops=hops)
    wide, narrow = (next(one.rules[0] for one in policies.all if one.name == name) for name in "wn")
    assume(covers(wide, narrow))
    for request, claims in asked:
        found = {one.policy.name: one.matches for one in explain(policies, _case(policies, request, claims))}
        event(f"narrow matches: {found['n']}")
        assert found["w"] or not found["n"]


_OPPOSITES = {
    "hosts": "notHosts",
    "methods": "notMethods",
    "paths": "notPaths",
    "ports": "notPorts",
    "values": "notValues",
}


@st.composite
def _contradictory(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a rule of one part of each kind, in which negatives often take out what is named."""
    rule: dict[str, Any] = draw(strategies.rules)
    return {name: [_opposed(one, draw) for one in members[:1]] for name, members in rule.items()}


def _opposed(members: dict[str, Any], draw: st.DrawFn) -> dict[str, Any]:
    for inner in {"operation", "source"} & set(members):
        return {inner: _opposed(members[inner], draw)}
    chosen = {name: values for name, values in members.items() if name in _OPPOSITES and draw(st.booleans())}
    return members | {_OPPOSITES[name]: values for name, values in chosen.items()}


@_SETTINGS
@given(_contradictory(), st.sampled_from(["allow", "deny"]), strategies.hops, _ASKED)
def test_what_no_request_matches(rule: dict[str, Any], action: str, hops: int, asked: list[_Asked]) -> None:
    """A rule that is called a contradiction matches nothing."""
    policies = [{"name": "p", "action": action, "rules": [rule]}]
    compiled = policy_set(policies, [], hops=hops)
    subject = Subject(Settings.model_validate({"issuers": ISSUERS, "policies": policies}), compiled)
    assume(any(one.code == "contradiction" for one in reach(subject)))
    for request, claims in asked:
        assert not explain(compiled, _case(compiled, request, claims))[0].matches
