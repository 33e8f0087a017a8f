"""Sending browsers to a login: to a place that the configuration names, and back to one that it knows.

INVARIANT: nothing of a request is in the location but its path and query, percent-encoded as one value. Its host only
chooses among the origins that the configuration has.
"""

from urllib.parse import quote

from sidecar.core.effects.model import Origin, Redirect
from sidecar.core.policy.case import Case
from sidecar.core.request import Request
from sidecar.core.spelling import parameter

#: Of the location as a whole, in bytes: servers take 8 KiB for a request's line and headers.
LONGEST = 4096
_METHODS = frozenset({"GET", "HEAD"})


def is_navigation(request: Request) -> bool:
    """Say whether a browser goes to a page (Fetch Metadata, section 2.2), and not a script to some data."""
    return (
        request.endpoint.method in _METHODS
        and "text/html" in request.headers.get("accept", "").lower()
        and request.headers.get("sec-fetch-mode", "navigate") == "navigate"
    )


def is_grpc(request: Request) -> bool:
    """Say whether it is a gRPC call: Envoy makes trailers of an answer to one, with the body as its message."""
    return request.headers.get("content-type", "").lower().startswith("application/grpc")


def location(redirect: Redirect, case: Case, origins: tuple[Origin, ...], secret: tuple[str, ...]) -> str | None:
    """Return where to send the client; ``None`` where it asked at no origin of ours, or for something too long.

    ``secret`` are query parameters that have credentials: with one of them the query stays out.
    """
    if not redirect.has_url:
        return redirect.before
    request = case.request
    # The last form has the port, where there is one.
    hosts = reversed(request.endpoint.hosts)
    origin = next((one.text for host in hosts for one in origins if one.host == host), None)
    if origin is None:
        return None
    url = origin + request.sent.path
    query = f"?{request.query}" if request.query and not _has(request.query, secret) else ""
    for each in dict.fromkeys((url + query, url)):
        text = redirect.before + _quoted(each) + redirect.after
        if len(text) <= LONGEST:
            return text
    return None


def _has(query: str, secret: tuple[str, ...]) -> bool:
    return any(parameter(name).search(query) for name in ("access_token", *secret))


def _quoted(url: str) -> str:
    # Bytes that are not UTF-8 (surrogate escapes) as they were.
    return quote(url.encode("utf-8", "surrogateescape"), safe="")
