"""What a check costs in the core: CPU of ``begin`` and ``resume``, remembered tokens against new ones, in one run.

    python benchmarks/check.py

Prints microseconds of CPU per check and the ratio; the ratio carries over to other machines, the times do not. Every
answer is asserted.
"""

import time

from envoy.service.auth.v3.external_auth_pb2 import CheckRequest

from sidecar.core.algorithm import Algorithm
from sidecar.core.check import Checker
from sidecar.core.decision import Permit
from sidecar.core.keys import VerificationKey, key_set
from sidecar.core.needs import Decided, Verdict, Verify
from sidecar.core.path import PathMode
from sidecar.core.strict_json import Json
from sidecar.core.trust import Issuer, ResponseSettings, Trust
from sidecar.engine.local_cache import LocalCache
from sidecar.keys.signing import generate
from sidecar.loading.policy import build_policies
from sidecar.settings import Settings
from sidecar.tokens.mint import mint
from sidecar.verify.signature import verify

TOKENS, ROUNDS = 1000, 5
ISSUER, NOW = "https://idp.example", 1_750_000_000.0
DOCUMENT = {
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
BROWSER = {f"x-header-{number}": "some value of a usual length" for number in range(15)}


def make_trust(public: VerificationKey) -> Trust:
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
    response = ResponseSettings("api", *headers, (), True, True, ("sub", "groups"), 4096, headers, frozenset(headers))  # noqa: FBT003
    policies = build_policies(Settings.model_validate(DOCUMENT))
    return Trust({ISSUER: issuer}, policies, response, PathMode.REJECT, 8192, 8192)


def request(token: str) -> bytes:
    """Return a CheckRequest as Envoy sends it, with fifteen more headers."""
    message = CheckRequest()
    http = message.attributes.request.http
    http.method, http.path, http.host, http.scheme = "GET", "/orders/42", "orders.example", "https"
    http.headers.update({**BROWSER, "authorization": f"Bearer {token}"})
    raw: bytes = message.SerializeToString()
    return raw


def decide(checker: Checker, raw: bytes) -> None:
    """Take one check to its end, and see that it allows."""
    step = checker.begin(raw, NOW)
    if isinstance(step, Verify):
        good = verify(step.algorithm, step.key, step.signing_input, step.signature)
        step = step.resume(Verdict(step.token_digest, step.trust_digest, good), NOW)
    assert isinstance(step, Decided)  # noqa: S101 - the answer is part of the measurement
    assert isinstance(step.decision, Permit)  # noqa: S101


def cpu_per_check(checker: Checker, requests: list[bytes]) -> float:
    """Return the least CPU time of several rounds, in microseconds per check."""
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time()
        for raw in requests:
            decide(checker, raw)
        best = min(best, time.process_time() - before)
    return best / len(requests) * 1e6


def main() -> None:
    """Measure and print."""
    key = generate("k1")
    public = key.private.public_key().public_bytes_raw()
    trust = make_trust(VerificationKey("k1", frozenset({Algorithm.EDDSA}), public, b""))
    claims: dict[str, Json] = {"iss": ISSUER, "aud": "orders", "exp": int(NOW) + 600, "groups": ["staff", "ops"]}
    requests = [request(mint(key, {**claims, "sub": f"user-{number}"})) for number in range(TOKENS)]
    remembering = Checker(lambda: trust, recent=LocalCache(TOKENS))
    forgetting = Checker(lambda: trust)
    new = cpu_per_check(forgetting, requests)
    known = cpu_per_check(remembering, requests)
    print(f"new token         {new:7.1f} µs")
    print(f"remembered token  {known:7.1f} µs")
    print(f"ratio             {known / new:7.2f}")


if __name__ == "__main__":
    main()
