"""Rules by path: the same decision as one look at each rule after the other, written anew from the document."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.decision import Permit
from sidecar.core.policy.index import PathIndex
from sidecar.core.policy.match import Kind, Pattern, string_set
from support.decisions import admit_without_identity, evaluate
from support.identities import identity
from support.requests import request
from support.trusts import policy_set

_SEGMENTS = st.sampled_from(["a", "b", "ab", "orders"])
_PATHS = st.builds(lambda segments, end: "/" + "/".join(segments) + end, st.lists(_SEGMENTS, max_size=4), st.just(""))
_PATTERNS = _PATHS | _PATHS.map(lambda path: path + "*") | _PATHS.map(lambda path: "*" + path) | st.just("*")
_OPERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "paths": st.lists(_PATTERNS, min_size=1, max_size=3),
        "notPaths": st.lists(_PATTERNS, min_size=1, max_size=2),
        "methods": st.lists(st.sampled_from(["GET", "PUT"]), min_size=1, max_size=2, unique=True),
    },
).filter(bool)
_CONDITIONS = st.builds(
    lambda name, value: {"key": f"request.auth.claims[{name}]", "values": [value]},
    st.sampled_from(["a", "b"]),
    st.sampled_from(["x", "y", "*"]),
)
_RULES = st.fixed_dictionaries(
    {},
    optional={
        "to": st.lists(st.builds(lambda one: {"operation": one}, _OPERATIONS), min_size=1, max_size=3),
        "when": st.lists(_CONDITIONS, min_size=1, max_size=2),
    },
)
_POLICIES = st.lists(
    st.tuples(st.sampled_from(["allow", "deny"]), st.lists(_RULES, min_size=1, max_size=3)), max_size=5
).map(lambda drawn: [{"name": f"p{n}", "action": action, "rules": rules} for n, (action, rules) in enumerate(drawn)])


def _text_matches(pattern: str, text: str) -> bool:
    if pattern == "*":
        return bool(text)
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text.endswith(pattern[1:]) if pattern.startswith("*") else text == pattern


def _keeping_out(patterns: list[str]) -> list[str]:
    """Return them with and without a closing slash, as is done wherever a match keeps a request out."""
    found = list(patterns)
    for one in patterns:
        if one != "*" and not one.startswith("*"):
            bare = one.removesuffix("*").rstrip("/")
            if not one.endswith("*") and bare:
                found.append(bare if one.endswith("/") else bare + "/")
            elif one.endswith("/*") and bare:
                found.append(bare)
    return found


def _operation_matches(operation: dict[str, Any], method: str, path: str, *, deny: bool) -> bool:
    positive, negative = operation.get("paths"), operation.get("notPaths", [])
    if positive is not None and deny:
        positive = _keeping_out(positive)
    if not deny:
        negative = _keeping_out(negative)
    return (
        (positive is None or any(_text_matches(one, path) for one in positive))
        and not any(_text_matches(one, path) for one in negative)
        and ("methods" not in operation or method in operation["methods"])
    )


def _rule_matches(rule: dict[str, Any], method: str, path: str, claims: dict[str, str], *, deny: bool) -> bool:
    operations = [one["operation"] for one in rule.get("to", [])]
    conditions = [(one["key"].split("[")[1].rstrip("]"), one["values"]) for one in rule.get("when", [])]
    return (not operations or any(_operation_matches(one, method, path, deny=deny) for one in operations)) and all(
        name in claims and any(_text_matches(one, claims[name]) for one in values) for name, values in conditions
    )


def _expected(policies: list[dict[str, Any]], method: str, path: str, claims: dict[str, str]) -> tuple[str, str | None]:
    for action, outcome in (("deny", "denied_by_policy"), ("allow", "allowed")):
        for policy in policies:
            deny = action == "deny"
            if policy["action"] == action and any(
                _rule_matches(rule, method, path, claims, deny=deny) for rule in policy["rules"]
            ):
                return outcome, policy["name"]
    return "no_policy_allows", None


@given(
    _POLICIES, st.lists(st.tuples(st.sampled_from(["GET", "PUT", "POST"]), _PATHS), min_size=1, max_size=6), st.data()
)
def test_same_as_one_after_the_other(
    document: list[dict[str, Any]], requests: list[tuple[str, str]], data: st.DataObject
) -> None:
    """Index, split conditions and kept answers change nothing: neither the decision nor the policy it names."""
    policies = policy_set(document)
    claims = data.draw(st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["x", "y", "z"])))
    who, answers = identity(**claims), dict[int, bool]()
    for method, path in requests:
        decision = evaluate(policies, request(method=method, path=path), who, answers)
        assert (decision.reason.value, decision.policy) == _expected(document, method, path, claims)


@given(st.lists(_OPERATIONS, max_size=4), st.sampled_from(["GET", "PUT"]), _PATHS)
def test_public_operations(operations: list[dict[str, Any]], method: str, path: str) -> None:
    """What is public is so by the index as well as without."""
    decision = admit_without_identity(policy_set(public=operations), request(method=method, path=path))
    expected = any(_operation_matches(one, method, path, deny=False) for one in operations)
    assert isinstance(decision, Permit) is expected


def test_every_reading_counts() -> None:
    """A deny rule for one reading of a path is found, whichever reading it is."""
    deny = {"name": "d", "action": "deny", "rules": [{"to": [{"operation": {"paths": ["/users:delete"]}}]}]}
    allow = {"name": "a", "action": "allow", "rules": [{"to": [{"operation": {"paths": ["/users*"]}}]}]}
    asked = request(path="/users%3Adelete")
    assert evaluate(policy_set([deny, allow]), asked, identity()).policy == "d"
    assert isinstance(evaluate(policy_set([allow]), asked, identity()), Permit)


def test_few_candidates_of_many() -> None:
    """Of a thousand rules by prefix a path is held against those of its own directories."""
    members = [(number, [string_set([Pattern(Kind.PREFIX, f"/tenant-{number}/")])]) for number in range(1000)]
    index = PathIndex([(-1, [string_set([Pattern(Kind.PREFIX, "/")])]), *members, (1000, [None])])
    assert index.candidates("/tenant-7/orders") == [-1, 7, 1000]
    assert index.candidates("/tenant-7") == [-1, 1000]


def test_answers_kept_for_one_identity_are_bounded() -> None:
    """A thousand rules with conditions do not keep a thousand answers for each identity."""
    condition = {"key": "request.auth.claims[a]", "values": ["x"]}
    document = [{"name": f"p{number}", "action": "allow", "rules": [{"when": [condition]}]} for number in range(100)]
    answers: dict[int, bool] = {}
    assert evaluate(policy_set(document), request(), identity(a="y"), answers).policy is None
    assert len(answers) == 32
