"""What hooks said, as Envoy, upstream and client are told of it."""

import json
from collections.abc import Sequence

from sidecar.core.decision import Denial, Permit
from sidecar.core.hooked import HookAnswer, HookResult
from sidecar.core.reason import OUTCOMES, Outcome, Reason, Refusal
from sidecar.core.trust import ResponseSettings
from sidecar.protos.ext_authz import Struct

#: google.rpc.Code for HTTP statuses; PERMISSION_DENIED and UNAVAILABLE for all others of their class.
_RPC_CODES = {400: 3, 401: 16, 403: 7, 413: 3, 414: 3, 503: 14}
_DENIED, _UNAVAILABLE, _SERVERS = 7, 14, 500


def rpc_code(status: int) -> int:
    """Return the google.rpc.Code for an HTTP status that denies. It is never 0, which would allow."""
    return _RPC_CODES.get(status, _DENIED if status < _SERVERS else _UNAVAILABLE)


def hook_headers(hooked: Sequence[HookAnswer], settings: ResponseSettings) -> dict[str, str]:
    """Return the headers that hooks add; raises ``Refusal`` for one that a client's could be mistaken for."""
    found: dict[str, str] = {}
    for answer in hooked:
        for name, value in answer.headers:
            # INVARIANT: a header of a hook's is taken off every request on which no hook sets it.
            if name not in settings.stripped_headers or name in found:
                raise Refusal(Reason.INTERNAL_ERROR, f"{name}: a header that {answer.hook} has not declared")
            found[name] = value
    return found


def outcome_of(denial: Denial) -> Outcome:
    """Return what the client is told: what the hook wants said, where one denies."""
    outcome, said = OUTCOMES[denial.reason], denial.by_hook
    if said is None or said.result is not HookResult.DENY:
        return outcome
    return Outcome(said.status, None, said.message or outcome.message)


def describe_hooks(metadata: Struct, permit: Permit) -> None:
    """Tell Envoy's later filters what hooks add for them, each under its name, and which allowed the request."""
    allowing = [answer.hook for answer in permit.hooked if answer.result is HookResult.ALLOW]
    if permit.reason is Reason.ALLOWED_BY_HOOK:
        metadata["hook"] = allowing[0]
    added = {answer.hook: json.loads(answer.metadata) for answer in permit.hooked if answer.metadata}
    if added:
        metadata["hooks"] = added
