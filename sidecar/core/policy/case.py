"""What one decision is about."""

from typing import NamedTuple

from sidecar.core.identity import Identity
from sidecar.core.request import Request


class Case(NamedTuple):
    """A request, who it comes from (``None`` without a token), and when, in seconds since the epoch.

    ``trusted_hops`` are the proxies before Envoy whose word on the client's address is taken.
    """

    request: Request
    identity: Identity | None
    now: float
    trusted_hops: int = 0
