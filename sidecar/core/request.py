"""A request that may be decided on: its endpoint is in normal form.

Only ``admit`` makes a ``Request``, and everything after it takes one: a check that was forgotten does not type-check.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.core.endpoint import METHOD, Endpoint
from sidecar.core.sent import SentRequest
from sidecar.core.strict_json import Json

#: Of the Fetch Standard's preflight: an origin (RFC 6454, section 7), as a browser writes it.
_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]*://[^\s,/]+", re.ASCII | re.IGNORECASE)


@dataclass(slots=True)
class Request:
    """One HTTP request in normal form. Nobody changes it, as ``SentRequest``, whose ``headers`` it has."""

    endpoint: Endpoint
    query: str = field(repr=False)  # may have secrets
    headers: Mapping[str, str] = field(repr=False)  # have the token, which must never reach a log
    sent: SentRequest
    body: Mapping[str, Json] | None = field(default=None, repr=False)  #: read only where a policy looks at it

    @property
    def is_cors_preflight(self) -> bool:
        """Say whether this is a CORS preflight (Fetch Standard, section 4.9)."""
        return (
            self.endpoint.method == "OPTIONS"
            and _ORIGIN.fullmatch(self.headers.get("origin", "")) is not None
            and METHOD.fullmatch(self.headers.get("access-control-request-method", "")) is not None
        )


def admit(sent: SentRequest, endpoint: Endpoint, body: Mapping[str, Json] | None = None) -> Request:
    """Return the request, which is for ``endpoint``; ``body`` is what ``body_of`` makes of it."""
    return Request(endpoint, sent.query, sent.headers, sent, body)
