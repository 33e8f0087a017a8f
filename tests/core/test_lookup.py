"""Endpoints that come again: what is kept of one is never taken for another's."""

import tracemalloc
import weakref
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.endpoint import endpoint_of
from sidecar.core.lookup import _KEPT, Lookup
from sidecar.core.policy.applicable import Applicable, applicable
from sidecar.core.reason import Reason, Refusal
from sidecar.core.sent import read_sent
from support.requests import check_request
from support.trusts import policy_set, trust

_RULES = [
    {"to": [{"operation": {"paths": ["/a", "/b*"], "methods": ["GET"]}}]},
    {"to": [{"operation": {"hosts": ["a.example"], "ports": ["8443"]}}]},
]
POLICIES = policy_set([{"name": "p", "action": "allow", "rules": _RULES}], public=[{"paths": ["/p"]}])


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "method": st.sampled_from(["GET", "PUT"]),
                "path": st.sampled_from(["/a", "/a?x=1", "/b/c", "/b%20c", "/p", "/a/"]),
                "host": st.sampled_from(["a.example", "A.example:8443", "b.example"]),
                "port": st.sampled_from([0, 8443, 80]),
            }
        ),
        max_size=8,
    )
)
def test_same_as_looked_at_anew(asked: list[dict[str, object]]) -> None:
    """Whatever came before, endpoint and rules are those of this very request."""
    in_force = trust(POLICIES)
    lookup = Lookup(in_force)
    for fields in asked:
        sent = read_sent(check_request(**fields))  # type: ignore[arg-type]
        found = lookup.find(sent)
        endpoint = endpoint_of(sent.method, sent.authority, sent.path, sent.port, in_force.path_mode, 8192)
        assert (found.endpoint, found.rules.content) == (endpoint, applicable(POLICIES, endpoint).content)


def test_ports_count_only_where_they_are_read() -> None:
    """Where no rule looks at ports, requests to all of them are for one endpoint."""
    lookup = Lookup(trust())
    found = {lookup.find(read_sent(check_request(port=port))).endpoint.port for port in (80, 443)}
    assert found == {""}


def test_only_short_ones_are_kept_and_not_too_many() -> None:
    """Thousands of endpoints, or long ones, do not fill the memory; what is refused is not kept."""
    lookup = Lookup(trust())
    for number in range(_KEPT + 100):
        lookup.find(read_sent(check_request(path=f"/{number}")))
    assert lookup._kept.cache_info().currsize == _KEPT
    lookup = Lookup(trust())
    lookup.find(read_sent(check_request(path="/" + "a" * 600)))
    with pytest.raises(Refusal) as refused:
        lookup.find(read_sent(check_request(method="M" * 33)))
    assert refused.value.reason is Reason.METHOD_NOT_NORMAL
    with pytest.raises(Refusal) as refused:
        lookup.find(read_sent(check_request(path="/a/../b")))
    assert refused.value.reason is Reason.PATH_NOT_NORMAL
    assert lookup._kept.cache_info().currsize == 0


def _rules(everywhere: int, own: int) -> list[dict[str, object]]:
    """Return rules about every path, and rules about ``/0``, ``/1`` … each."""
    return [{}] * everywhere + [{"to": [{"operation": {"paths": [f"/{number}"]}}]} for number in range(own)]


def _asked(lookup: Lookup, paths: Iterable[str]) -> list[Applicable]:
    return [lookup.find(read_sent(check_request(path=path))).rules for path in paths]


def _shared(lookup: Lookup) -> list[Applicable]:
    finder = lookup._find.__self__  # type: ignore[attr-defined]  # a method's
    return list(finder._shared.values())


def test_endpoints_share_equal_rules() -> None:
    """A hundred endpoints with the same rules, which are many, take the memory of one."""
    policies = policy_set([{"name": "p", "action": "allow", "rules": _rules(300, 0)}])
    lookup = Lookup(trust(policies))
    first = _asked(lookup, ["/a"])[0]
    tracemalloc.start()
    try:
        assert all(rules is first for rules in _asked(lookup, (f"/{number}" for number in range(100))))
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    # Apart they would be 100 x 300 pointers.
    assert len(first.allow) == 300
    assert kept < 100 * 300 * 8 / 2


def test_rules_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each endpoint has other rules, no more is kept than there may be, and what is kept is right."""
    monkeypatch.setattr("sidecar.core.lookup._MOST_RULES", 500)
    policies = policy_set([{"name": "p", "action": "allow", "rules": _rules(50, 40)}])
    lookup = Lookup(trust(policies))
    for path in (f"/{number}" for number in range(40)):
        assert len(_asked(lookup, [path, path])[0].allow) == 51
        assert sum(len(one.allow) for one in _shared(lookup)) <= 500
    assert lookup._kept.cache_info().currsize == 40 % (500 // 51)


def test_nothing_outlives_its_trust() -> None:
    """A lookup that is replaced is gone at once, with all that it kept."""
    lookup = Lookup(trust())
    lookup.find(read_sent(check_request()))
    gone = weakref.ref(lookup)
    del lookup
    assert gone() is None
