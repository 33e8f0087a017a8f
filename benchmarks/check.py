"""What a check costs in the core: CPU of ``begin`` and ``resume``, in one run.

Remembered tokens against new ones, both without an assertion for the upstream and with one that is signed here; and
remembered ones under a condition on the request against those under a condition on the identity alone.

    python benchmarks/check.py

Prints microseconds of CPU per check and the ratio; the ratio carries over to other machines, the times do not. Every
answer is asserted.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sidecar.core.algorithm import Algorithm
from sidecar.core.assertion import Minted, Statement
from sidecar.core.check import Checker
from sidecar.core.decision import Permit
from sidecar.core.keys import VerificationKey, key_set
from sidecar.core.needs import Decided, Mint, Verdict, Verify
from sidecar.core.path import PathMode
from sidecar.core.strict_json import Json
from sidecar.core.trust import AssertionSettings, Issuer, ResponseSettings, Trust
from sidecar.engine.local_cache import LocalCache
from sidecar.keys.signing import SigningKey, generate
from sidecar.loading.policy import build_policies
from sidecar.protos.ext_authz import CheckRequest
from sidecar.settings import Settings
from sidecar.tokens.mint import mint
from sidecar.verify.signature import verify

TOKENS, ROUNDS = 1000, 5
ISSUER, NOW = "https://idp.example", 1_750_000_000.0
DOCUMENT: dict[str, Any] = {
    "issuers": [{"issuer": ISSUER, "audiences": ["orders"], "keys": {"file": "unused"}}],
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
ASSERTION = AssertionSettings(
    *("https://authz.example", "x-auth-assertion", ("behind",), (), 300, "JWT"),
    subject_is_principal=True,
    claims=("groups",),
)
BROWSER = {f"x-header-{number}": "some value of a usual length" for number in range(15)}


#: Of these three terms look at the request, and are asked in each check.
CEL = (
    "!('x-blocked' in request.headers) && now > timestamp('2024-01-01T00:00:00Z') && source.address != '192.0.2.1' "
    "&& 'staff' in identity.claims.groups"
)
ON_REQUEST: dict[str, dict[str, Json]] = {
    "four terms in CEL": {"cel": CEL},
    "source.ip": {"key": "source.ip", "values": ["127.0.0.1"]},
}


def with_condition(trust: Trust, condition: Mapping[str, Json]) -> Trust:
    """Return a trust with another condition in its rule."""
    rule = {**DOCUMENT["policies"][0]["rules"][0], "when": [condition]}
    document = {**DOCUMENT, "policies": [{"name": "orders", "action": "allow", "rules": [rule]}]}
    return replace(trust, policy=build_policies(Settings.model_validate(document)))


def make_trust(public: VerificationKey, assertion: AssertionSettings | None = None) -> Trust:
    """Return a trust with one issuer, one rule and the usual identity headers."""
    issuer = Issuer(
        ISSUER,
        frozenset({"orders"}),
        frozenset({Algorithm.EDDSA}),
        frozenset({"jwt"}),
        key_set([public]),
        30.0,
        None,
        frozenset({"sub"}),
    )
    headers = ("x-auth-subject", "x-auth-issuer", "x-auth-scopes")
    response = ResponseSettings(
        *("api", *headers, (), True, True, ("sub", "groups"), 4096, headers, frozenset(headers)), assertion=assertion
    )
    policies = build_policies(Settings.model_validate(DOCUMENT))
    return Trust({ISSUER: issuer}, policies, response, PathMode.REJECT, 8192, 8192)


def request(token: str) -> bytes:
    """Return a CheckRequest as Envoy sends it, with fifteen more headers."""
    message = CheckRequest()
    message.attributes.source.address.socket_address.address = "127.0.0.1"
    http = message.attributes.request.http
    http.method, http.path, http.host, http.scheme = "GET", "/orders/42", "orders.example", "https"
    http.headers.update({**BROWSER, "authorization": f"Bearer {token}"})
    raw: bytes = message.SerializeToString()
    return raw


def decide(checker: Checker, raw: bytes, key: SigningKey) -> None:
    """Take one check to its end, and see that it allows."""
    step = checker.begin(raw, NOW)
    if isinstance(step, Verify):
        good = verify(step.algorithm, step.key, step.signing_input, step.signature)
        step = step.resume(Verdict(step.token_digest, step.trust_digest, good), NOW)
    if isinstance(step, Mint):
        step = step.resume(signed(step.statement, key), NOW)
    assert isinstance(step, Decided)  # noqa: S101 - the answer is part of the measurement
    assert isinstance(step.decision, Permit)  # noqa: S101


def signed(statement: Statement, key: SigningKey) -> Minted:
    """Sign an assertion."""
    issued, expires = int(NOW), int(NOW) + statement.lifetime
    times: dict[str, Json] = {"iat": issued, "nbf": issued, "exp": expires, "jti": "0123456789abcdef"}
    return Minted(mint(key, {"iss": statement.issuer, **statement.claims, **times}), issued, expires)


def cpu_per_check(checker: Checker, requests: list[bytes], key: SigningKey) -> float:
    """Return the least CPU time of several rounds, in microseconds per check."""
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time()
        for raw in requests:
            decide(checker, raw, key)
        best = min(best, time.process_time() - before)
    return best / len(requests) * 1e6


def remembered(trust: Trust, requests: list[bytes], key: SigningKey) -> float:
    """Return the microseconds of tokens that are remembered."""
    return cpu_per_check(Checker(lambda: trust, recent=LocalCache(TOKENS)), requests, key)


def row(what: str, trust: Trust, requests: list[bytes], key: SigningKey) -> float:
    """Measure and print one row; return the microseconds of a remembered token."""
    new = cpu_per_check(Checker(lambda: trust), requests, key)
    known = remembered(trust, requests, key)
    print(f"{what:20}{new:12.1f}{known:16.1f}{known / new:10.2f}")
    return known


def main() -> None:
    """Measure and print."""
    key = generate("k1")
    public = VerificationKey("k1", frozenset({Algorithm.EDDSA}), key.private.public_key().public_bytes_raw(), b"")
    claims: dict[str, Json] = {"iss": ISSUER, "aud": "orders", "exp": int(NOW) + 600, "groups": ["staff", "ops"]}
    requests = [request(mint(key, {**claims, "sub": f"user-{number}"})) for number in range(TOKENS)]
    print(f"{'µs of CPU a check':20}{'new token':>12}{'remembered':>16}{'ratio':>10}")
    plain = row("no assertion", make_trust(public), requests, key)
    asserted = row("with an assertion", make_trust(public, ASSERTION), requests, key)
    print(f"a remembered token with an assertion takes {asserted / plain:.2f} of one without")
    for what, condition in ON_REQUEST.items():
        known = remembered(with_condition(make_trust(public), condition), requests, key)
        print(
            f"a remembered token under {what:18}{known:9.1f} µs, {known / plain:.2f} of one under a claim's condition"
        )


if __name__ == "__main__":
    main()
