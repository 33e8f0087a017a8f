"""A record as policy sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from types import MappingProxyType
from typing import Protocol

from sidecar.cases.model import RequestCase
from sidecar.cases.request import check_request
from sidecar.core import claims as claim
from sidecar.core.effects.model import NO_EFFECTS, Effects
from sidecar.core.endpoint import endpoint_of
from sidecar.core.identity import Identity
from sidecar.core.path import PathMode
from sidecar.core.policy.applicable import Applicable, applicable
from sidecar.core.policy.case import Case
from sidecar.core.policy.hook import Hook
from sidecar.core.policy.model import PolicySet
from sidecar.core.request import admit
from sidecar.core.sent import read_sent
from sidecar.core.strict_json import Json
from sidecar.loading.effects import build_effects
from sidecar.loading.hooks import undescribed_hooks
from sidecar.loading.load import Configuration
from sidecar.loading.policy import build_policies
from sidecar.replay.record import Record, Token


class Paths(Protocol):
    """How paths are read."""

    @property
    def path_mode(self) -> PathMode:
        """Return their normal form."""

    @property
    def max_path_bytes(self) -> int:
        """Return how long they may be."""


@dataclass(frozen=True, slots=True)
class Policies:
    """What of a configuration decides here: no keys are needed, nothing is verified."""

    policies: PolicySet
    request: Paths
    effects: Effects = NO_EFFECTS
    hooks: tuple[Hook, ...] = ()
    max_header_bytes: int = 0  #: of what effects add


@dataclass(frozen=True, slots=True)
class Asked:
    """A request ``under`` a configuration, and the rules that are about it. ``record`` is what is known of it.

    ``lacks_port``: policies or hooks look at the listener's port, which nobody knows: the rules may be others.
    """

    case: Case
    rules: Applicable
    record: Record
    under: Policies
    lacks_port: bool

    @property
    def needs_identity(self) -> bool:
        """Say whether a request without a credential is denied."""
        return self.under.policies.needs_identity


def policies_of(configuration: Configuration) -> Policies:
    """Return the policies of a configuration, and its hooks, as far as it says itself what they are."""
    settings = configuration.settings
    return Policies(
        build_policies(settings),
        settings.request,
        build_effects(settings),
        undescribed_hooks(settings),
        settings.response.max_header_bytes,
    )


def ask(record: Record, under: Policies) -> Asked:
    """Return the request that the record is of; raises ``Refusal`` for one that never comes to policy."""
    record = _with_address(record, under)
    sent = read_sent(check_request(_request(record), None))
    endpoint = endpoint_of(
        sent.method, sent.authority, sent.path, sent.port, under.request.path_mode, under.request.max_path_bytes
    )
    who = _identity(record.claims) if record.token is Token.GOOD else None
    case = Case(admit(sent, endpoint), who, record.time or 0.0, under.policies.proxies)
    of_hooks = any(not one.ports.is_open for hook in under.hooks for one in hook.asked_at)
    lacks_port = (under.policies.reads_ports or of_hooks) and record.port is None
    return Asked(case, applicable(under.policies, endpoint, under.hooks), record, under, lacks_port)


def _with_address(record: Record, under: Policies) -> Record:
    """Take the last address of X-Forwarded-For for the connection's, where Envoy has added that."""
    forwarded = record.headers.get("x-forwarded-for")
    if record.address is not None or forwarded is None or not under.policies.proxies.use_remote_address:
        return record
    return replace(record, address=forwarded.rpartition(",")[2].strip())


def _request(record: Record) -> RequestCase:
    sni = {} if record.server_name is None else {"sni": record.server_name}
    headers = {name: value for name, value in record.headers.items() if value is not None}
    return RequestCase.model_validate(
        {
            "method": record.method,
            "host": record.host,
            "path": record.path,
            "scheme": record.scheme or "",
            "headers": headers,
            "source": {"address": record.address or "", "principal": record.principal or ""},
            "destination": {"address": record.destination or "", "port": record.port or 0},
            **sni,
        }
    )


def _identity(claims: Mapping[str, Json]) -> Identity:
    issuer, subject = (claims.get(name) for name in ("iss", "sub"))
    who, name = str(issuer or ""), subject if isinstance(subject, str) else None
    return Identity(
        issuer=who,
        subject=name,
        principal=None if name is None else f"{who}/{name}",
        audiences=claim.audiences(claims),
        scopes=claim.scopes(claims),
        claims=MappingProxyType(dict(claims)),
        key_digest=b"",
        issuer_digest=b"",
        key_id=None,
        key_thumbprint=b"",
        valid_from=0.0,
        valid_until=inf,
    )
