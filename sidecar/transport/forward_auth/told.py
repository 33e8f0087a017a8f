"""A ``CheckResponse`` as the HTTP answer that a proxy understands.

An answer that allows is 200 and has each identity header that there is. "Remove it" cannot be said to nginx and
Traefik: what is in the answer, or is not, they put in the place of whatever the client sent, if configured to.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sidecar.protos.ext_authz import CheckResponse, DeniedHttpResponse, HeaderValueOption, OkHttpResponse
from sidecar.transport.forward_auth.profile import Profile

#: In which Envoy is told what to take off (its ext_authz ``http_service``); names joined by commas.
_TO_REMOVE = "x-envoy-auth-headers-to-remove"
#: For the proxy's log: metadata cannot be carried.
REASON = "x-authz-reason"
#: The status of an answer that lets in.
ALLOWED = 200
_FORBIDDEN = 403
_NO_STORE = ("cache-control", "no-store")


class Told(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


#: Where nothing else can be said any more.
FORBIDDEN = Told(_FORBIDDEN, (_NO_STORE,))


class UncarriedError(ValueError):
    """An answer with something in it that cannot be carried, so that the request must not pass."""


def told(answer: bytes, profile: Profile, sent: Collection[str], overwritten: Collection[str]) -> Told:
    """Return the HTTP answer; raises ``UncarriedError``.

    ``sent`` are the names of the client's headers, ``overwritten`` those that the proxy puts ours in the place of.
    """
    response = CheckResponse.FromString(answer)
    if response.HasField("ok_response") and response.status.code == 0:
        return _allowed(response.ok_response, profile, sent, overwritten)
    return _denied(response.denied_response, response.status.message, profile)


def _allowed(ok: OkHttpResponse, profile: Profile, sent: Collection[str], overwritten: Collection[str]) -> Told:
    # INVARIANT: whatever an answer asks for is done by the proxy, or the request does not pass.
    if ok.response_headers_to_add or ok.query_parameters_to_set or ok.query_parameters_to_remove:
        raise UncarriedError("parameters, or headers for the client")
    if any(one.append.value or one.header.key not in overwritten for one in ok.headers):
        raise UncarriedError("a header that is to be appended, or that the proxy does not take from us")
    values = _pairs(ok.headers)
    removed = [name for name in ok.headers_to_remove if name not in dict(values)]
    left = [] if profile.removes else [name for name in removed if name in sent and name not in overwritten]
    if left:
        raise UncarriedError("a header of the client's that is to be removed")
    # Kept by nobody: a cache of the proxy's would let in whoever asks next.
    headers = [*values, _NO_STORE]
    if profile.removes:
        headers.append((_TO_REMOVE, ",".join(dict.fromkeys(removed))))
    return Told(ALLOWED, tuple(headers))


def _denied(denied: DeniedHttpResponse, reason: str, profile: Profile) -> Told:
    status = denied.status.code
    is_a_success = status < 300  # noqa: PLR2004 - HTTP; it would let the request in
    if is_a_success or (status not in profile.kept and status // 100 in profile.forbidden):
        status = _FORBIDDEN
    headers = (*_pairs(denied.headers), *(((REASON, reason),) if reason else ()))
    return Told(status, headers, denied.body.encode())


def _pairs(options: Iterable[HeaderValueOption]) -> list[tuple[str, str]]:
    return [(one.header.key, one.header.value) for one in options]
