"""Trusts: policies come from a document through the real settings and compiler, the rest is put together here."""

from collections.abc import Iterable, Sequence
from typing import Any

from sidecar.core.algorithm import ASYMMETRIC
from sidecar.core.headers_read import OVERRIDE_HEADERS
from sidecar.core.keys import VerificationKey, key_set
from sidecar.core.path import PathMode
from sidecar.core.policy.hook import Hook
from sidecar.core.policy.model import PolicySet
from sidecar.core.trust import Issuer, ResponseSettings, Trust
from sidecar.loading.policy import build_policies
from sidecar.settings import Settings
from support.keypairs import pair
from support.tokens import AUDIENCE, ISSUER

#: Every request with a valid token.
ALLOW_ALL: list[dict[str, Any]] = [{"name": "all", "action": "allow", "rules": [{}]}]
ISSUERS = [{"issuer": ISSUER, "audiences": [AUDIENCE], "keys": {"file": "unused.json"}}]


def policy_set(
    policies: Sequence[dict[str, Any]] = (),
    public: Sequence[dict[str, Any]] = (),
    cors_preflight: Sequence[dict[str, Any]] = (),
    path_mode: PathMode = PathMode.REJECT,
    hops: int = 0,
) -> PolicySet:
    """Compile policies from what stands in a configuration file."""
    document = {
        "issuers": ISSUERS,
        "policies": list(policies),
        "public": list(public),
        "cors_preflight": list(cors_preflight),
        "request": {"path_mode": path_mode.value, "xff_num_trusted_hops": hops},
    }
    return build_policies(Settings.model_validate(document))


def issuer(keys: Iterable[VerificationKey] | None = None, /, **changes: Any) -> Issuer:  # noqa: ANN401 - any field
    """Return an issuer that takes every algorithm, with ``changes``."""
    fields: dict[str, Any] = {
        "issuer": ISSUER,
        "audiences": frozenset({AUDIENCE}),
        "algorithms": frozenset(ASYMMETRIC),
        "token_types": frozenset({"jwt", "at+jwt"}),
        "keys": key_set([pair().public] if keys is None else keys),
        "clock_skew": 30.0,
        "max_lifetime": None,
        "required_claims": frozenset({"sub"}),
    }
    return Issuer(**fields | changes)


def response_settings(**changes: Any) -> ResponseSettings:  # noqa: ANN401 - any field
    """Return the response settings of a configuration that names none, with ``changes``."""
    fields: dict[str, Any] = {
        "realm": "api",
        "subject_header": "x-auth-subject",
        "issuer_header": "x-auth-issuer",
        "scopes_header": "x-auth-scopes",
        "claim_headers": (),
        "forward_token": True,
        "strip_override_headers": True,
        "metadata_claims": (),
        "max_header_bytes": 4096,
    }
    chosen = fields | changes
    named = [chosen[f"{name}_header"] for name in ("subject", "issuer", "scopes")]
    stripped = [*filter(None, named), *(header for _, header in chosen["claim_headers"])]
    overrides = OVERRIDE_HEADERS if chosen["strip_override_headers"] else ()
    guarded = frozenset((*stripped, *overrides))
    return ResponseSettings(**{"stripped_headers": tuple(stripped), "guarded_headers": guarded} | chosen)


def trust(  # noqa: PLR0913 - one a field
    policy: PolicySet | None = None,
    issuers: Sequence[Issuer] | None = None,
    path_mode: PathMode = PathMode.REJECT,
    max_token_bytes: int = 8192,
    max_path_bytes: int = 8192,
    *,
    hooks: Sequence[Hook] = (),
    **response: Any,  # noqa: ANN401 - any field of ResponseSettings
) -> Trust:
    """Return a Trust in one issuer that lets every valid token in, but for what is given."""
    members = [issuer()] if issuers is None else issuers
    return Trust(
        issuers={member.issuer: member for member in members},
        policy=policy_set(ALLOW_ALL) if policy is None else policy,
        response=response_settings(**response),
        path_mode=path_mode,
        max_token_bytes=max_token_bytes,
        max_path_bytes=max_path_bytes,
        hooks=tuple(hooks),
    )
