"""A trust with one issuer, one rule and the usual identity headers, and checks for it."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import VerificationKey, key_set
from sidecar.core.path import PathMode
from sidecar.core.strict_json import Json
from sidecar.core.trust import AssertionSettings, Issuer, ResponseSettings, Trust
from sidecar.keys.signing import SigningKey, generate
from sidecar.loading.policy import build_policies
from sidecar.protos.ext_authz import CheckRequest
from sidecar.settings import Settings
from sidecar.tokens.mint import mint

ISSUER, AUDIENCE = "https://idp.example", "orders"
#: The time of every check here: nothing expires while it is measured.
NOW = 1_750_000_000.0
DOCUMENT: dict[str, Any] = {
    "issuers": [{"issuer": ISSUER, "audiences": [AUDIENCE], "keys": {"file": "unused"}}],
    "policies": [
        {
            "name": "orders",
            "action": "allow",
            "rules": [
                {
                    "to": [{"operation": {"methods": ["GET"], "paths": ["/orders/*"]}}],
                    "when": [{"key": "request.auth.claims[groups]", "values": ["staff"]}],
                }
            ],
        }
    ],
}
BROWSER = {f"x-header-{number}": "some value of a usual length" for number in range(15)}


def public_key(key: SigningKey) -> VerificationKey:
    """Return what verifies the key's signatures."""
    return VerificationKey("k1", frozenset({Algorithm.EDDSA}), key.private.public_key().public_bytes_raw(), b"")


def issuer_of(public: VerificationKey) -> Issuer:
    """Return the issuer with one key."""
    return Issuer(
        ISSUER,
        frozenset({AUDIENCE}),
        public.algorithms,
        frozenset({"jwt"}),
        key_set([public]),
        30.0,
        None,
        frozenset({"sub"}),
    )


def make_trust(public: VerificationKey, assertion: AssertionSettings | None = None) -> Trust:
    """Return a trust with one issuer, one rule and the usual identity headers."""
    headers = ("x-auth-subject", "x-auth-issuer", "x-auth-scopes")
    response = ResponseSettings(
        *("api", *headers, (), True, True, ("sub", "groups"), 4096, headers, frozenset(headers)), assertion=assertion
    )
    policies = build_policies(Settings.model_validate(DOCUMENT))
    return Trust({ISSUER: issuer_of(public)}, policies, response, PathMode.REJECT, 8192, 8192)


def with_rules(trust: Trust, rules: list[dict[str, Any]]) -> Trust:
    """Return a trust with other rules in its policy."""
    document = {**DOCUMENT, "policies": [{"name": "orders", "action": "allow", "rules": rules}]}
    return replace(trust, policy=build_policies(Settings.model_validate(document)))


def with_condition(trust: Trust, condition: Mapping[str, Json]) -> Trust:
    """Return a trust with another condition in its rule."""
    return with_rules(trust, [{**DOCUMENT["policies"][0]["rules"][0], "when": [condition]}])


def claims(number: int, now: float = NOW) -> dict[str, Json]:
    """Return the claims of a user's token."""
    common: dict[str, Json] = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(now) + 600, "groups": ["staff", "ops"]}
    return {**common, "sub": f"user-{number:02}"}


def tokens(key: SigningKey, number: int, now: float = NOW) -> list[str]:
    """Return so many users' tokens."""
    return [mint(key, claims(each, now)) for each in range(number)]


def lasting(key: SigningKey, number: int) -> list[str]:
    """Return so many users' tokens that hold by this machine's clock, an hour long."""
    return tokens(key, number, time.time() + 3000)


def request(token: str) -> bytes:
    """Return a CheckRequest as Envoy sends it, with fifteen more headers."""
    message = CheckRequest()
    message.attributes.source.address.socket_address.address = "127.0.0.1"
    http = message.attributes.request.http
    http.method, http.path, http.host, http.scheme = "GET", "/orders/42", "orders.example", "https"
    http.headers.update({**BROWSER, "authorization": f"Bearer {token}"})
    raw: bytes = message.SerializeToString()
    return raw


def a_key() -> tuple[SigningKey, VerificationKey]:
    """Return a new key, and what verifies its signatures."""
    key = generate("k1")
    return key, public_key(key)
