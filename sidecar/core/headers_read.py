"""Which headers a check reads, and whether Envoy sends them.

Envoy can be told to send few headers of many (``allowed_headers``), which saves both sides work. A deny rule on a
header that it does not send would never match. So the generated configuration says beside each request which headers it
lets through, and a check that may need others is denied.
"""

from collections.abc import Collection, Iterator

from sidecar.core.effects.model import Effects
from sidecar.core.policy.model import AttributeKind, Condition, PolicySet
from sidecar.core.source import DPOP, Source

#: Key in ``context_extensions`` of a CheckRequest: the names of the headers that Envoy lets through, joined by commas.
#: Without it, all are.
HEADERS_SENT = "authz.headers"
#: Another key there: how many bytes of a body Envoy sends along. Without it, it sends none.
BODY_SENT = "authz.body"
#: The largest body that policy looks at: what expressions cost is reckoned with so many bytes.
BODY_BYTES = 16384
#: In which Envoy says that it does not send all of a body.
PARTIAL_BODY = "x-envoy-auth-partial-body"
#: What is looked at beside a body.
BODY_HEADERS = ("content-type", "content-encoding", PARTIAL_BODY)
#: Headers that make an upstream act on another method, path or host than the one that was decided on.
OVERRIDE_HEADERS = (
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-forwarded-host",
    "forwarded",
)
#: Of every request: the credential, and what a denial is found again by.
_ALWAYS = ("authorization", "x-request-id")
#: What makes a CORS preflight (Fetch Standard, section 4.9).
#: Of the client's address, to which each proxy adds its peer's; Envoy does, and takes its word for no other.
FORWARDED_FOR = "x-forwarded-for"
#: What tells a browser that goes to a page from a script, and both from gRPC (``effects.redirect``).
_OF_WHO_ASKS = ("accept", "content-type", "sec-fetch-mode")
_PREFLIGHT = ("origin", "access-control-request-method")


def headers_in_conditions(policies: PolicySet) -> frozenset[str]:
    """Return the names of the headers that conditions look at."""
    return frozenset(_in_conditions(policies))


def headers_read(policies: PolicySet) -> frozenset[str]:
    """Return the names, in lower case, of all headers that a check under ``policies`` looks at."""
    return frozenset((*_ALWAYS, *_in_conditions(policies), *(_PREFLIGHT if policies.cors_preflight else ())))


def headers_with(sources: Collection[Source]) -> frozenset[str]:
    """Return the names of the headers in which credentials may come from ``sources``."""
    names = {one.name if one.kind == "header" else "cookie" for one in sources if one.kind != "query"}
    return frozenset(names | ({"dpop"} if DPOP in sources else set()))


def headers_for(effects: Effects) -> frozenset[str]:
    """Return the names of the headers that effects look at."""
    names = {name for one in effects.expressions for name in one.headers}
    # Those that are appended to: whether they are there.
    names.update(name for one in effects.allowed.values() for name, _ in one.append)
    if any("remote.address" in one.variables for one in effects.expressions):
        names.add(FORWARDED_FOR)
    return frozenset(names.union(_OF_WHO_ASKS if effects.all_denied else ()))


def _in_conditions(policies: PolicySet) -> Iterator[str]:
    for condition in policies.conditions:
        if not isinstance(condition, Condition):
            yield from condition.headers
            if "remote.address" in condition.variables:
                yield FORWARDED_FOR
            if "request.body" in condition.variables:
                yield from BODY_HEADERS
        elif condition.kind is AttributeKind.HEADER:
            yield condition.path[0]
        elif condition.kind is AttributeKind.REMOTE_IP:
            yield FORWARDED_FOR
