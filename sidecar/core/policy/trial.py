"""Policies that are not enforced for everybody yet: what they would have decided is told, and not done."""

from collections.abc import Sequence
from hashlib import blake2b

from sidecar.core.decision import Denial, Permit, Trial
from sidecar.core.policy.case import Case
from sidecar.core.policy.model import EVERYBODY, Entry, Policy

_PARTS = 2**64


def enforced(entries: Sequence[Entry], case: Case) -> list[Entry]:
    """Return those of ``entries`` that are enforced in this case."""
    return [one for one in entries if is_enforced(one.policy, case)]


def is_enforced(policy: Policy, case: Case) -> bool:
    """Say whether a policy is enforced for the subject of a case, or for its address where there is no identity.

    By a hash with the policy's name as its key: the same for each request of one subject, on every node and after each
    restart, and for every policy another choice.
    """
    if policy.percent >= EVERYBODY:
        return True
    if policy.percent <= 0:
        return False
    identity = case.identity
    who = f"ip/{case.request.sent.source}" if identity is None else f"id/{identity.principal or identity.issuer}"
    found = blake2b(who.encode("utf-8", "surrogatepass"), key=policy.name.encode()[:64], digest_size=8).digest()
    return int.from_bytes(found, "big") * EVERYBODY < policy.percent * _PARTS


def difference(decision: Permit | Denial, would: Permit | Denial) -> Trial | None:
    """Return what would have been decided, where that is something else. By another rule alone it is the same."""
    if (type(decision), decision.reason, decision.policy) == (type(would), would.reason, would.policy):
        return None
    return Trial(isinstance(would, Permit), would.reason, would.policy, would.rule)
