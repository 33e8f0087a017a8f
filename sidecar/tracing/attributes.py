"""What a span tells of a check: attributes, as OpenTelemetry's semantic conventions name them where they do."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Final

from sidecar.core.decision import Decision, Permit
from sidecar.core.needs import Decided
from sidecar.core.reason import OUTCOMES, Refusal
from sidecar.core.sent import SentRequest, read_sent
from sidecar.observe.checks import labels_of
from sidecar.protos.ext_authz import CheckResponse
from sidecar.tracing.told import Told

Value = str | int
#: Of each check: what was called.
CALLED: Final[Mapping[str, Value]] = {
    "rpc.system": "grpc",
    "rpc.service": "envoy.service.auth.v3.Authorization",
    "rpc.method": "Check",
}
NAME: Final = f"{CALLED['rpc.service']}/{CALLED['rpc.method']}"
NAMES: Final[Mapping[Told, str]] = {
    Told.DECISION: "authz.decision",
    Told.REASON: "authz.reason",
    Told.POLICY: "authz.policy",
    Told.ISSUER: "authz.issuer",
    Told.METHOD: "http.request.method",
    Told.STATUS: "http.response.status_code",
    Told.HOST: "http.request.header.host",
    Told.PATH: "url.path",
    Told.SUBJECT: "enduser.id",
    Told.REQUEST_ID: "authz.request_id",
}
#: In the order of labels.
_OF_DECISION: Final = (Told.DECISION, Told.REASON, Told.ISSUER, Told.POLICY)
#: Characters of a value, at the most: methods, hosts and paths are of the client's choice.
_LONGEST = 1024
_FAULT = 500


def is_fault(decision: Decision) -> bool:
    """Say whether it ended as it did for want of something that should be there, and not for what was asked."""
    return OUTCOMES[decision.reason].status >= _FAULT


_OF_REQUEST: Final[Mapping[Told, Callable[[SentRequest], str]]] = {
    Told.METHOD: attrgetter("method"),
    Told.HOST: attrgetter("authority"),
    Told.PATH: attrgetter("path"),
    Told.REQUEST_ID: attrgetter("request_id"),
}


def attributes_of(decided: Decided, request: bytes, told: frozenset[Told]) -> dict[str, Value]:
    """Return what may be told, as far as it is known. ``request``: the bytes that were asked with."""
    found: dict[str, Value] = dict(CALLED)
    decision = decided.decision
    labels = labels_of(decided)  # as metrics have them, so that one is found by the other
    for one, value in zip(_OF_DECISION, labels, strict=True):
        if one in told:
            _put(found, one, value)
    if Told.SUBJECT in told and isinstance(decision, Permit) and decision.identity is not None:
        _put(found, Told.SUBJECT, decision.identity.subject)
    if told & _OF_REQUEST.keys():
        try:
            sent = read_sent(request)
        except Refusal:
            pass  # which is why it was denied
        else:
            for one in told & _OF_REQUEST.keys():
                _put(found, one, _OF_REQUEST[one](sent))
    if Told.STATUS in told and not isinstance(decision, Permit):
        found[NAMES[Told.STATUS]] = CheckResponse.FromString(decided.response).denied_response.status.code
    return found


def _put(found: dict[str, Value], name: Told, value: str | None) -> None:
    if value:
        # Bytes that are no UTF-8 come as surrogates, with which a span could not be sent.
        found[NAMES[name]] = value[:_LONGEST].encode("utf-8", "replace").decode()
