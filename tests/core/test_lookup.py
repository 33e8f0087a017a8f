"""Endpoints that come again: what is kept of one is never taken for another's."""

import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.endpoint import endpoint_of
from sidecar.core.lookup import _KEPT, Lookup
from sidecar.core.policy.applicable import applicable
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


def test_nothing_outlives_its_trust() -> None:
    """A lookup that is replaced is gone at once, with all that it kept."""
    lookup = Lookup(trust())
    lookup.find(read_sent(check_request()))
    gone = weakref.ref(lookup)
    del lookup
    assert gone() is None
