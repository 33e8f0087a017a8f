"""Work and memory that a request may cost: found in a review."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sidecar.cel import CelError, compile_terms
from sidecar.core.check import Checker
from sidecar.core.lookup import Lookup
from sidecar.core.needs import Decided
from sidecar.core.policy.networks import _read
from sidecar.core.policy.peer import Proxies, client_address
from sidecar.core.reason import Reason
from sidecar.core.sent import read_sent
from support.requests import check_request
from support.tokens import NOW
from support.trusts import policy_set, trust


def test_few_readings() -> None:
    """A check evaluates a term for few combinations of readings; where there are more, it keeps the request out."""
    cel = "request.path.split('/').exists(p, p == request.headers['x-a'])"
    policies = policy_set(
        [{"name": "p", "action": "deny", "rules": [{"when": [{"cel": cel}]}]}], public=[{"paths": ["/*"]}]
    )
    in_force = trust(policies)
    path = "/%20x+/" + "a/" * 3900 + "%3Fa%23b/c%20"
    (entry,) = policies.deny
    (term,) = entry.rules[0].conditions
    calls: list[object] = []
    answering = term.answering  # type: ignore[union-attr]

    def counted(data: Mapping[str, object]) -> object:
        calls.append(None)
        return answering.ask(data)

    object.__setattr__(term, "answering", replace(answering, ask=counted))
    object.__setattr__(entry.rules[0].joint, "ask", counted)
    step = Checker(lambda: in_force).begin(check_request(path=path, headers={"x-a": "q,r,s"}), NOW)
    assert isinstance(step, Decided)
    assert step.decision.reason is Reason.DENIED_BY_POLICY
    assert len(calls) <= 16


def test_nested_calls() -> None:
    """A call within what matches would always be an error where the library is asked about that, and is refused."""
    with pytest.raises(CelError, match="within what matches"):
        compile_terms("(inCidr(source.address.trim(), '10.0.0.0/8') ? 'a' : 'b').matches('a')")


def test_audits_are_counted() -> None:
    """Rules of audit policies are kept as well, and count in what bounds them."""
    audits = [{"name": f"a{n}", "action": "audit", "rules": [{}]} for n in range(50)]
    lookup = Lookup(trust(policy_set(audits)))
    found = lookup.find(read_sent(check_request()))
    assert len(found.rules.audit) == 50
    assert lookup._find.__self__._rules >= 50  # type: ignore[attr-defined]


def test_addresses_are_short() -> None:
    """What is longer than an address is not kept."""
    before = _read.cache_info().currsize
    client_address("x" * 50_000, "10.0.0.1", Proxies(0, use_remote_address=False))
    assert _read.cache_info().currsize == before
