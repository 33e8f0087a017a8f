"""What the front for HTTP cannot carry: each is refused when it is loaded, never dropped."""

from collections.abc import Iterator

from sidecar.core.headers_read import headers_for, headers_in_conditions
from sidecar.core.path import PathMode
from sidecar.core.policy.model import Condition, Operation, PolicySet, Term
from sidecar.core.trust import Trust
from sidecar.loading.problem import FieldPath
from sidecar.settings import Settings
from sidecar.settings.forward_auth import ForwardAuthSettings
from sidecar.transport.address import AddressError, numbered, parse, parse_anywhere
from sidecar.transport.forward_auth.profile import OF_THE_MESSAGE, Profile

_Problem = tuple[FieldPath, str]
_WHERE: FieldPath = ("forward_auth",)

#: What no proxy says over HTTP, by its names in conditions and in CEL.
_NEVER_TOLD = frozenset(
    {
        "connection.sni",
        "context",
        "destination.address",
        "destination.ip",
        "destination.port",
        "request.body",
        "route.metadata",
        "source.namespace",
        "source.principal",
        "source.serviceAccount",
        "source.service_account",
    }
)
_ADDRESSES = frozenset({"source.ip", "remote.ip", "source.address", "remote.address"})


def forward_auth_inconsistencies(settings: Settings) -> Iterator[_Problem]:
    """Yield what settings alone show."""
    forward_auth = settings.forward_auth
    if forward_auth is None:
        return
    yield from _listening(settings, forward_auth)
    profile = forward_auth.profile()
    if settings.native.allowed_peers is not None:
        yield (
            ("native", "allowed_peers"),
            "does not hold for 'forward_auth', where others could ask; leave one of both out",
        )
    if settings.response.metadata_claims:
        yield ("response", "metadata_claims"), "cannot be told over HTTP, beside 'forward_auth'; leave it out"
    if not settings.response.forward_token and not profile.removes:
        yield (
            ("response", "forward_token"),
            f"{profile.proxy} cannot be told to remove a header; have it do so by itself, and leave this out",
        )
    if settings.request.body is not None:
        yield ("request", "body"), "does not come with 'forward_auth'; leave it out"
    if settings.request.route_metadata:
        yield ("request", "route_metadata"), "is Envoy's alone, by gRPC; leave it out beside 'forward_auth'"
    if profile.removes:
        return
    if settings.request.path_mode is not PathMode.REJECT:
        yield ("request", "path_mode"), f"{profile.proxy} sends paths on as they came; write 'reject', or leave it out"
    if settings.request.xff_num_trusted_hops or not settings.request.use_remote_address:
        text = f"{profile.proxy} says the client's address itself, in {profile.address}: "
        yield _WHERE, text + "leave out request.xff_num_trusted_hops and request.use_remote_address"


def forward_auth_problems(settings: Settings, trust: Trust) -> Iterator[_Problem]:
    """Yield what shows once policies and effects are compiled, whichever file or bundle they come from."""
    if settings.forward_auth is None:
        return
    profile = settings.forward_auth.profile()
    yield from _looked_at(profile, trust)
    yield from _effects(profile, trust)
    if trust.response.token_parameters:
        yield _WHERE, "a credential in the query could not be kept from the upstream; take it from elsewhere"
    if trust.response.rewrites and not trust.response.token_parameters:
        yield _WHERE, "a cookie could not be kept from the upstream; write 'response.forward_token: true'"
    for issuer in trust.issuers.values():
        if issuer.bound is not None and issuer.bound.mtls:
            yield _WHERE, f"{issuer.issuer}: the client's certificate is not told here; leave out 'bound_tokens.mtls'"


def _listening(settings: Settings, forward_auth: ForwardAuthSettings) -> Iterator[_Problem]:
    if settings.listen_mode == "shared" and forward_auth.listen.startswith("unix:"):
        yield (*_WHERE, "listen"), "a Unix socket has one listener; share a port, or write 'listen_mode: per_process'"
    # How many servers there are may be for the machine to say; whoever comes second to an address says so at the start.
    count = 1 if settings.listen_mode == "shared" else settings.servers or 1
    try:
        others = {str(numbered(parse_anywhere(settings.listen), number)) for number in range(count)}
        ours = {str(numbered(parse(forward_auth.listen), number)) for number in range(count)}
    except AddressError as error:
        yield (*_WHERE, "listen"), f"leaves no addresses for {count} servers: {error}"
        return
    if taken := sorted(one for one in ours & others if not one.endswith(":0")):
        yield (*_WHERE, "listen"), f"{taken[0]} is where gRPC is asked; choose another, beyond those of all servers"


def _looked_at(profile: Profile, trust: Trust) -> Iterator[_Problem]:
    untold = _NEVER_TOLD | (_ADDRESSES if profile.address is None else frozenset())
    for policy, names in _variables(trust.policy):
        if found := sorted(names & untold):
            yield _WHERE, f"policy {policy!r} looks at {found[0]}, which {profile.proxy} does not say over HTTP"
    if found := sorted({name for one in trust.effects.expressions for name in one.variables} & untold):
        yield _WHERE, f"an effect looks at {found[0]}, which {profile.proxy} does not say over HTTP"
    if trust.reads_ports:
        yield _WHERE, f"ports are looked at, which {profile.proxy} does not say over HTTP"
    headers = headers_in_conditions(trust.policy) | headers_for(trust.effects)
    headers = headers.union(*(hook.reads_headers for hook in trust.hooks))
    withheld = ({*profile.names, *OF_THE_MESSAGE} - {profile.scheme, "x-forwarded-for"}) & headers
    for name in sorted(withheld):
        yield _WHERE, f"the header {name!r} is looked at, which here is {profile.proxy}'s own and not the client's"


def _variables(policies: PolicySet) -> Iterator[tuple[str, frozenset[str]]]:
    for policy in policies.all:
        looking = (one for rule in policy.rules for one in rule.all_conditions)
        yield policy.name, frozenset(name for one in looking for name in _names(one))


def _names(condition: Condition | Term | Operation) -> frozenset[str]:
    if isinstance(condition, Condition):
        return frozenset({condition.kind.value})
    return frozenset() if isinstance(condition, Operation) else condition.variables


def _effects(profile: Profile, trust: Trust) -> Iterator[_Problem]:
    for name, allowed in trust.effects.allowed.items():
        uncarried = {
            "upstream.append": allowed.append,
            "upstream.remove": () if profile.removes else allowed.remove,
            "client": allowed.client_set or allowed.client_append,
            "query": allowed.query_set or allowed.query_remove,
            "metadata": allowed.metadata,
        }
        for effect, given in uncarried.items():
            if given:
                yield _WHERE, f"policy {name!r}: {effect} cannot be carried to {profile.proxy} over HTTP; leave it out"
    if profile.kept and trust.effects.all_denied:
        text = f"{profile.proxy} tells the client of denials in its own words; leave out 'denied', "
        yield _WHERE, text + "'response.unauthenticated' and 'response.unauthorized'"
