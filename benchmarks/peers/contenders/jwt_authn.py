"""Envoy's own: jwt_authn verifies, rbac looks at path, method and a claim. No other process is asked."""

from contextlib import ExitStack
from functools import partial

from peers.contender import Bench, Contender, Front, Message
from peers.load import PATH
from peers.tokens import AUDIENCE, GROUP, ISSUER
from sidecar.core.strict_json import Json
from sidecar.keys.signing import key_set_document

_TYPE = "type.googleapis.com/envoy.extensions.filters.http"
_JWT, _RBAC, _PAYLOAD = "envoy.filters.http.jwt_authn", "envoy.filters.http.rbac", "jwt"
#: Above the thousand tokens there are. Envoy's own default is 100.
CACHED_TOKENS = 10_000
_CLAIMS = {"sub": "x-auth-subject", "iss": "x-auth-issuer", "scope": "x-auth-scopes", "tenant": "x-auth-tenant"}


def _start(bench: Bench, _stack: ExitStack, *, cached: bool) -> Front:
    filters = (_authentication(bench, cached=cached), _authorization())
    return Front(filters, tenant=f"{_JWT}:{_PAYLOAD}:tenant")


def _authentication(bench: Bench, *, cached: bool) -> Message:
    provider: dict[str, Json] = {
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "local_jwks": {"inline_string": key_set_document([bench.keys.issuer])},
        "require_expiration": True,
        "clock_skew_seconds": 30,
        "forward": True,
        "payload_in_metadata": _PAYLOAD,
        "claim_to_headers": [{"header_name": header, "claim_name": claim} for claim, header in _CLAIMS.items()],
        **({"jwt_cache_config": {"jwt_cache_size": CACHED_TOKENS}} if cached else {}),
    }
    config: dict[str, Json] = {
        "@type": f"{_TYPE}.jwt_authn.v3.JwtAuthentication",
        "providers": {"idp": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "idp"}}],
    }
    return {"name": _JWT, "typed_config": config}


def _authorization() -> Message:
    operation: list[Json] = [
        {"header": {"name": ":method", "string_match": {"exact": "GET"}}},
        {"url_path": {"path": {"prefix": PATH}}},
    ]
    member: dict[str, Json] = {
        "filter": _JWT,
        "path": [{"key": _PAYLOAD}, {"key": "groups"}],
        "value": {"list_match": {"one_of": {"string_match": {"exact": GROUP}}}},
    }
    policy: dict[str, Json] = {
        "permissions": [{"and_rules": {"rules": operation}}],
        "principals": [{"metadata": member}],
    }
    config: dict[str, Json] = {
        "@type": f"{_TYPE}.rbac.v3.RBAC",
        "rules": {"action": "ALLOW", "policies": {"orders": policy}},
    }
    return {"name": _RBAC, "typed_config": config}


_SETTINGS = "local_jwks, claim_to_headers, payload_in_metadata; rbac: method, path prefix, claim in metadata"
CONTENDERS = (
    Contender("jwt_authn", "jwt_authn + rbac", f"{_SETTINGS}; no cache", partial(_start, cached=False)),
    Contender(
        "jwt_authn-cached",
        "jwt_authn + rbac, token cache",
        f"{_SETTINGS}; jwt_cache_size {CACHED_TOKENS}",
        partial(_start, cached=True),
    ),
)
