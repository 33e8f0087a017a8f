"""A request that may be decided on: its path, host and method have one spelling each.

Only ``admit`` makes a ``Request``, and everything after it takes one: a check that was forgotten does not type-check.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.core.authority import host_forms
from sidecar.core.path import PathMode, normal_readings, split_target
from sidecar.core.reason import Reason, Refusal
from sidecar.core.sent import SentRequest

#: Capitals alone: methods are case-sensitive (RFC 9110, section 9.1), HTTP/2 lets ``delete`` pass, and many upstreams
#: turn it into ``DELETE``.
_METHOD = re.compile(r"[A-Z][A-Z0-9_-]*", re.ASCII)
#: Of the Fetch Standard's preflight: an origin (RFC 6454, section 7) and a method, as a browser writes them.
_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]*://[^\s,/]+", re.ASCII | re.IGNORECASE)


#: Of methods; all others are looked at letter by letter.
_USUAL_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(slots=True)
class Request:
    """One HTTP request in normal form. Nobody changes it, as ``SentRequest``.

    ``paths`` are all that an upstream may take its path for, the path as sent first (``path.readings``).
    ``hosts`` are the forms of its authority that a host pattern may match (``authority.host_forms``). ``headers`` are
    as in ``SentRequest``.
    """

    method: str
    paths: tuple[str, ...]
    query: str = field(repr=False)  # may have secrets
    hosts: tuple[str, ...]
    headers: Mapping[str, str] = field(repr=False)  # have the token, which must never reach a log
    sent: SentRequest

    @property
    def is_cors_preflight(self) -> bool:
        """Say whether this is a CORS preflight (Fetch Standard, section 4.9)."""
        return (
            self.method == "OPTIONS"
            and _ORIGIN.fullmatch(self.headers.get("origin", "")) is not None
            and _METHOD.fullmatch(self.headers.get("access-control-request-method", "")) is not None
        )


def admit(sent: SentRequest, mode: PathMode, max_path_bytes: int) -> Request:
    """Return the request if it is in normal form; raises ``Refusal``."""
    method = sent.method
    if method not in _USUAL_METHODS and _METHOD.fullmatch(method) is None:
        raise Refusal(Reason.METHOD_NOT_NORMAL, "not in capitals")
    hosts = host_forms(sent.authority)
    if not hosts:
        raise Refusal(Reason.HOST_NOT_NORMAL, "not a plain host, with or without a port")
    path, query = split_target(sent.target)
    if len(path) > max_path_bytes:
        raise Refusal(Reason.PATH_TOO_LONG, f"{len(path)} bytes, at most {max_path_bytes}")
    paths = normal_readings(path, mode)
    if paths is None:
        raise Refusal(Reason.PATH_NOT_NORMAL, f"not as path mode {mode.value} wants it")
    return Request(method, paths, query, hosts, sent.headers, sent)
