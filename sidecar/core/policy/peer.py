"""Who is at the other end of the connection, and where the request came from at first.

The peer's certificate is looked at by Envoy, which names its first URI (SPIFFE-ID, section 2: trust domain and path).
Workloads in Istio have ``spiffe://<trust domain>/ns/<namespace>/sa/<service account>``.
"""

from typing import NamedTuple

from sidecar.core.policy.networks import read_address

_SCHEME = "spiffe://"


class Workload(NamedTuple):
    """A peer's SPIFFE ID without its scheme; namespace and account are ``None`` where the path is not Istio's."""

    principal: str
    namespace: str | None
    service_account: str | None  #: namespace/name


def workload(principal: str) -> Workload | None:
    """Read what Envoy names as the peer's principal; ``None`` for what is no SPIFFE ID."""
    if not principal.startswith(_SCHEME):
        return None
    text = principal[len(_SCHEME) :]
    match text.split("/"):
        case [domain, "ns", namespace, "sa", account] if domain and namespace and account:
            return Workload(text, namespace, f"{namespace}/{account}")
    return Workload(text, None, None)


def client_address(forwarded_for: str | None, peer: str, hops: int) -> str | None:
    """Return the address that Envoy takes for the client's, ``hops`` being its ``xff_num_trusted_hops``.

    That is the one before the last ``hops`` of X-Forwarded-For, to which Envoy has added its peer's; or the peer's
    where there are fewer. ``None`` where it cannot be told.
    """
    listed = [] if forwarded_for is None else forwarded_for.split(",")
    if len(listed) <= hops:
        return peer or None
    address = listed[-1 - hops].strip(" \t")
    return None if read_address(address) is None else address
