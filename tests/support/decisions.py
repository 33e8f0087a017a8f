"""Policy asked about one request, both halves of it."""

from collections.abc import MutableMapping

from sidecar.core.decision import Denial, Permit
from sidecar.core.identity import Identity
from sidecar.core.policy import evaluate as policy
from sidecar.core.policy.applicable import applicable
from sidecar.core.policy.case import Case
from sidecar.core.policy.model import PolicySet
from sidecar.core.request import Request

NOW = 1_790_000_000.0


def evaluate(
    policies: PolicySet, request: Request, identity: Identity, answers: MutableMapping[int, bool] | None = None
) -> Permit | Denial:
    """Decide on a request with an identity."""
    rules = applicable(policies, request.endpoint)
    case = Case(request, identity, NOW, policies.proxies)
    return policy.evaluate(rules, case, {} if answers is None else answers)


def admit_without_identity(policies: PolicySet, request: Request) -> Permit | Denial | None:
    """Decide on what needs no token."""
    case = Case(request, None, NOW, policies.proxies)
    return policy.admit_without_identity(applicable(policies, request.endpoint), case)
