"""Who is at the other end of the connection, and where the request came from at first.

The peer's certificate is looked at by Envoy, which names its first URI (SPIFFE-ID, section 2: trust domain and path).
Workloads in Istio have ``spiffe://<trust domain>/ns/<namespace>/sa/<service account>``.
"""

from itertools import pairwise
from typing import NamedTuple

from sidecar.core.policy.networks import read_address

_SCHEME = "spiffe://"


class Workload(NamedTuple):
    """A peer's SPIFFE ID without its scheme, and whatever in its path is a namespace or a service account of one."""

    principal: str
    namespaces: tuple[str, ...]
    service_accounts: tuple[str, ...]  #: namespace/name


def workload(principal: str) -> Workload | None:
    """Read what Envoy names as the peer's principal; ``None`` for what is no SPIFFE ID."""
    if not principal.startswith(_SCHEME):
        return None
    text = principal[len(_SCHEME) :]
    segments = text.split("/")
    # As Istio has it: what stands between "/ns/" and a slash, and what is behind "/sa/" anywhere after that.
    pairs = list(pairwise(segments[1:]))
    namespaces = [(place, name) for place, (kind, name) in enumerate(pairs[:-1]) if kind == "ns" and name]
    accounts = (
        f"{namespace}/{name}"
        for place, namespace in namespaces
        for kind, name in pairs[place + 2 :]
        if kind == "sa" and name
    )
    return Workload(text, tuple(name for _, name in namespaces), tuple(accounts))


class Proxies(NamedTuple):
    """What is before Envoy: its own settings of these names.

    ``xff_num_trusted_hops``: how many proxies' word on the client's address is taken. ``use_remote_address``: whether
    Envoy adds the address of its peer to X-Forwarded-For.
    """

    xff_num_trusted_hops: int = 0
    use_remote_address: bool = True


NO_PROXIES = Proxies()


def client_address(forwarded_for: str | None, peer: str, proxies: Proxies) -> str | None:
    """Return the address that Envoy takes for the client's, ``None`` where it cannot be told.

    That is the one before the last ``xff_num_trusted_hops`` of X-Forwarded-For as Envoy got it, where there are so
    many, and else the peer's.
    """
    hops = proxies.xff_num_trusted_hops
    if proxies.use_remote_address and hops == 0:
        return peer or None
    listed = [] if forwarded_for is None else [one.strip(" \t") for one in forwarded_for.split(",")]
    # Envoy has added its peer. If not, it is not as we were told, and what stands there may be the client's word.
    if proxies.use_remote_address and not (listed and _is_same(listed[-1], peer)):
        return None
    if len(listed) <= hops:
        return peer or None
    address = listed[-1 - hops]
    return None if read_address(address) is None else address


def _is_same(one: str, other: str) -> bool:
    address = read_address(one)
    return address is not None and address == read_address(other)
