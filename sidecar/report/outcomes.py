"""What a report makes of reasons: whose fault a denial is."""

from typing import Final

from sidecar.core.reason import OUTCOMES, Reason

_UNAVAILABLE = 503

#: gRPC errors in place of an answer that are a fault, ours or of whoever asks; the others are the caller's going away.
GRPC_FAULTS: Final = ("deadline_exceeded", "internal", "resource_exhausted", "unavailable")
#: Denied since the sidecar, or what it depends on, could not do its work.
ERRORS: Final = frozenset(reason.value for reason, outcome in OUTCOMES.items() if outcome.status == _UNAVAILABLE)
#: What no honest client sends: made up, changed on the way, or taken from somebody else. Expired tokens, and those for
#: another audience, are none: clocks and configurations are wrong by themselves.
FORGED: Final = frozenset(
    reason.value
    for reason in (
        *(Reason.TOKEN_MALFORMED, Reason.CRITICAL_HEADER, Reason.ALGORITHM_NOT_ALLOWED, Reason.UNKNOWN_ISSUER),
        *(Reason.UNKNOWN_API_KEY, Reason.UNKNOWN_KEY, Reason.BAD_SIGNATURE, Reason.TOKEN_TOO_LARGE),
        *(Reason.PROOF_INVALID, Reason.PROOF_REPLAYED, Reason.SEVERAL_CREDENTIALS),
    )
)
