"""What one decision is about."""

from typing import NamedTuple

from sidecar.core.identity import Identity
from sidecar.core.policy.peer import NO_PROXIES, Proxies
from sidecar.core.request import Request


class Case(NamedTuple):
    """A request, who it comes from (``None`` without a token), and when, in seconds since the epoch.

    ``proxies`` are those before Envoy.
    """

    request: Request
    identity: Identity | None
    now: float
    proxies: Proxies = NO_PROXIES
