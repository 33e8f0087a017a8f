"""What a span tells of a check: attributes, as OpenTelemetry's semantic conventions name them where they do."""

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Final

from sidecar.core.decision import Decision, Permit
from sidecar.core.needs import Decided
from sidecar.core.reason import OUTCOMES, Refusal
from sidecar.core.sent import SentRequest, read_sent
from sidecar.observe.checks import labels_of
from sidecar.observe.masking import without_user
from sidecar.protos.ext_authz import CheckResponse
from sidecar.tracing.told import Told

Value = str | int
#: From a request, if it can be read, to what takes out of a text whatever is secret in it, and cuts it.
Hide = Callable[[SentRequest | None], Callable[[str, int], str]]
#: Of each check: what was called.
CALLED: Final[Mapping[str, Value]] = {
    "rpc.system": "grpc",
    "rpc.service": "envoy.service.auth.v3.Authorization",
    "rpc.method": "Check",
}
NAME: Final = f"{CALLED['rpc.service']}/{CALLED['rpc.method']}"
NAMES: Final[Mapping[Told, str]] = {
    Told.OUTCOME: "authz.outcome",
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
_OF_DECISION: Final = (Told.OUTCOME, Told.REASON, Told.ISSUER, Told.POLICY)
#: Characters of a value, at the most: methods, hosts and paths are of the client's choice.
_LONGEST = 1024
_FAULT = 500


def is_fault(decision: Decision) -> bool:
    """Say whether it ended as it did for want of something that should be there, and not for what was asked."""
    return OUTCOMES[decision.reason].status >= _FAULT


_OF_REQUEST: Final[Mapping[Told, Callable[[SentRequest], str]]] = {
    Told.METHOD: attrgetter("method"),
    Told.HOST: lambda sent: without_user(sent.authority),
    Told.PATH: lambda sent: sent.path.partition("#")[0],
    Told.REQUEST_ID: attrgetter("request_id"),
}
_OUTSIDE: Final = _OF_REQUEST.keys() | {Told.SUBJECT}


def attributes_of(decided: Decided, request: bytes, told: frozenset[Told], hide: Hide) -> dict[str, Value]:
    """Return what may be told, as far as it is known. ``request``: the bytes that were asked with.

    INVARIANT: what somebody outside wrote is told by way of ``hide`` alone: some write their token into a path.
    """
    found: dict[str, Value] = dict(CALLED)
    decision = decided.decision
    labels = labels_of(decided)  # as metrics have them, so that one is found by the other
    for one, value in zip(_OF_DECISION, labels, strict=True):
        if one in told:
            _put(found, one, value)
    if told & _OUTSIDE:
        sent = _read(request)
        hidden = hide(sent)
        for one, text in _outside(decision, sent, told):
            _put(found, one, hidden(text, _LONGEST))
    if Told.STATUS in told and not isinstance(decision, Permit):
        found[NAMES[Told.STATUS]] = CheckResponse.FromString(decided.response).denied_response.status.code
    return found


def _outside(decision: Decision, sent: SentRequest | None, told: frozenset[Told]) -> Iterator[tuple[Told, str]]:
    identity = decision.identity if isinstance(decision, Permit) else None
    if Told.SUBJECT in told and identity is not None and identity.subject:
        yield Told.SUBJECT, identity.subject
    if sent is not None:
        yield from ((one, read(sent)) for one, read in _OF_REQUEST.items() if one in told)


def _read(request: bytes) -> SentRequest | None:
    try:
        return read_sent(request)
    except Refusal:
        return None  # which is why it was denied


def _put(found: dict[str, Value], name: Told, value: str | None) -> None:
    if value:
        # Bytes that are no UTF-8 come as surrogates, with which a span could not be sent.
        found[NAMES[name]] = value[:_LONGEST].encode("utf-8", "replace").decode()
