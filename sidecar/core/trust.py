"""What the sidecar trusts and enforces at one moment: one immutable snapshot, replaced as a whole.

A check looks at one ``Trust`` per step. ``digest`` (32 bytes) names its content, so that a verdict can say what it was
reached under, whichever process reached it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from sidecar.core.algorithm import Algorithm
from sidecar.core.api_key import ApiKey
from sidecar.core.binding import BoundTokens
from sidecar.core.digest import digest_of
from sidecar.core.effects.model import NO_EFFECTS, Effects
from sidecar.core.headers_read import OVERRIDE_HEADERS, headers_for, headers_read, headers_with
from sidecar.core.introspection import Introspection
from sidecar.core.keys import KeySet
from sidecar.core.path import PathMode
from sidecar.core.policy.hook import Hook
from sidecar.core.policy.model import PolicySet
from sidecar.core.source import USUAL, Source

#: Of an issuer, what says nothing about which tokens are good.
_NOT_IN_LABELS = frozenset({"keys", "refetch_wait", "api_keys", "vouchers", "required_names", "digest"})


@dataclass(frozen=True, slots=True)
class Issuer:
    """One token issuer and what its tokens must look like.

    ``audiences``: one of them must be in ``aud``; ``None``, and never an empty set, where tokens for anybody are taken.
    ``token_types`` are values of ``typ`` in lower case, without ``application/``. ``clock_skew`` and ``max_lifetime``
    are in seconds; ``max_lifetime`` is from ``iat`` (else from now) to ``exp``. ``refetch_wait``, in seconds, is how
    long a check may wait for keys to be fetched anew; 0 where they are not fetched. ``sources`` are the places its
    tokens are taken from; one that comes from elsewhere is refused. ``api_keys``, by their SHA-256, are instead of
    tokens. ``introspection`` is for tokens that are no JWTs. ``bound`` says how tokens that are bound to a key are
    checked; without it they are refused.
    """

    issuer: str
    audiences: frozenset[str] | None
    algorithms: frozenset[Algorithm]
    token_types: frozenset[str]
    keys: KeySet
    clock_skew: float
    max_lifetime: float | None
    required_claims: frozenset[str]
    refetch_wait: float = 0.0
    sources: frozenset[Source] = USUAL
    api_keys: Mapping[bytes, ApiKey] | None = None
    introspection: Introspection | None = None
    bound: BoundTokens | None = None
    #: Digests of all that can vouch for an identity: keys, API keys, the endpoint.
    vouchers: frozenset[bytes] = field(init=False, compare=False)
    #: ``required_claims`` in the order in which they are looked for.
    required_names: tuple[str, ...] = field(init=False, compare=False)
    digest: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Name the configuration, without the keys: whatever is verified is labelled with this and with its key."""
        api_keys = frozenset(key.digest for key in (self.api_keys or {}).values())
        endpoint = frozenset() if self.introspection is None else frozenset({self.introspection.digest})
        object.__setattr__(self, "vouchers", self.keys.key_digests | api_keys | endpoint)
        object.__setattr__(self, "required_names", tuple(sorted(self.required_claims)))
        content = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in _NOT_IN_LABELS}
        object.__setattr__(self, "digest", digest_of(content, b"issuer"))


@dataclass(frozen=True, slots=True)
class AssertionSettings:
    """The token of ours that the upstream gets about each identity.

    ``audience`` are those of its ``aud``, but for the policies (by name) in ``policy_audiences``, which have their own.
    ``lifetime`` is in seconds. ``claims`` are the names of top-level claims that are copied as they are. ``sub`` is
    the identity's principal (issuer/subject), or else its subject.
    """

    issuer: str
    header: str
    audience: tuple[str, ...]
    policy_audiences: tuple[tuple[str, tuple[str, ...]], ...]
    lifetime: int
    token_type: str
    subject_is_principal: bool
    claims: tuple[str, ...]

    def audience_for(self, policy: str | None) -> tuple[str, ...]:
        """Return the audience of a request that ``policy`` allowed."""
        return next((audience for name, audience in self.policy_audiences if name == policy), self.audience)


@dataclass(frozen=True, slots=True)
class ResponseSettings:
    """How decisions are told to Envoy, the upstream and the client.

    ``stripped_headers`` never reach the upstream from a client: the identity headers, and the usual names of those that
    are switched off. Of ``guarded_headers`` (those, headers that override, and headers that policies look at) no
    look-alike does. ``claim_headers`` maps a claim's path (member names from the outside in) to a header name.
    ``metadata_claims`` are top-level claims for Envoy's own later filters; ``("*",)`` means all. ``token_headers`` and
    ``token_cookies`` are where credentials come from; the upstream gets them where ``forward_token`` says so.
    ``token_parameters``, those of the query, it never gets (RFC 9700, section 4.3.2). With ``assertion`` an identity
    goes upstream only with a token of ours.
    """

    realm: str
    subject_header: str | None
    issuer_header: str | None
    scopes_header: str | None
    claim_headers: tuple[tuple[tuple[str, ...], str], ...]
    forward_token: bool
    strip_override_headers: bool
    metadata_claims: tuple[str, ...]
    max_header_bytes: int
    stripped_headers: tuple[str, ...]
    guarded_headers: frozenset[str]
    assertion: AssertionSettings | None = None
    token_headers: tuple[str, ...] = ("authorization",)
    token_cookies: tuple[str, ...] = ()
    token_parameters: tuple[str, ...] = ()
    #: Whether Cookie header or query may have to be written anew.
    rewrites: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Say once what each answer would have to ask."""
        cookies = bool(self.token_cookies) and not self.forward_token
        object.__setattr__(self, "rewrites", cookies or bool(self.token_parameters))


@dataclass(frozen=True, slots=True)
class Trust:
    """Configuration, key sets and policy of one moment.

    ``max_token_bytes`` counts the compact token's characters, ``max_path_bytes`` those of the path without its query,
    ``max_body_bytes`` are what Envoy is told to send of a body (0: it is not), which then may be a part of a larger one
    (``takes_partial_bodies``). ``route_metadata`` are the namespaces of its routes' metadata that it is told to send.
    ``effects`` are what policies do beside deciding.
    ``headers_read`` are the names of all headers that a check looks at, ``sources`` all places of credentials, and
    ``api_keys`` and ``introspecting`` those of API keys and of opaque tokens, with whose they are. ``hooks`` are asked
    in their order. ``reads_ports``: whether anything looks at the listener's port.
    """

    issuers: Mapping[str, Issuer]
    policy: PolicySet
    response: ResponseSettings
    path_mode: PathMode
    max_token_bytes: int
    max_path_bytes: int
    max_body_bytes: int = 0
    takes_partial_bodies: bool = False
    route_metadata: tuple[str, ...] = ()
    effects: Effects = NO_EFFECTS
    hooks: tuple[Hook, ...] = ()
    reads_ports: bool = field(init=False, compare=False)
    headers_read: frozenset[str] = field(init=False, compare=False)
    sources: frozenset[Source] = field(init=False, compare=False)
    api_keys: Mapping[Source, Issuer] = field(init=False, compare=False)
    introspecting: Mapping[Source, Issuer] = field(init=False, compare=False)
    digest: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Freeze the mapping, and name the content and what it looks at."""
        object.__setattr__(self, "issuers", MappingProxyType(dict(self.issuers)))
        stripped = OVERRIDE_HEADERS if self.response.strip_override_headers else ()
        sources = frozenset(source for issuer in self.issuers.values() for source in issuer.sources)
        object.__setattr__(self, "sources", sources)
        object.__setattr__(self, "api_keys", self._places(lambda issuer: issuer.api_keys is not None))
        object.__setattr__(self, "introspecting", self._places(lambda issuer: issuer.introspection is not None))
        of_hooks = frozenset(name for hook in self.hooks for name in hook.reads_headers)
        looked_at = headers_read(self.policy) | headers_for(self.effects) | headers_with(sources)
        object.__setattr__(self, "headers_read", looked_at | frozenset(stripped) | of_hooks)
        ports = any(not one.ports.is_open for hook in self.hooks for one in hook.asked_at)
        object.__setattr__(self, "reads_ports", self.policy.reads_ports or self.effects.reads_ports or ports)
        object.__setattr__(self, "digest", digest_of(self, b"trust"))

    def _places(self, takes: Callable[[Issuer], bool]) -> Mapping[Source, Issuer]:
        found = {source: issuer for issuer in self.issuers.values() if takes(issuer) for source in issuer.sources}
        return MappingProxyType(found)
