"""Checks in the core, taken to their end: what a token that is remembered takes, and what one that is new."""

from collections.abc import Callable

from sidecar.core.assertion import Minted, Statement
from sidecar.core.check import Checker
from sidecar.core.decision import Permit
from sidecar.core.needs import Decided, Mint, Verdict, Verify
from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust
from sidecar.engine.local_cache import LocalCache
from sidecar.keys.signing import SigningKey
from sidecar.tokens.mint import mint
from sidecar.verify.signature import verify
from suite.given.trust import NOW


def decide(checker: Checker, raw: bytes, key: SigningKey) -> None:
    """Take one check to its end, and see that it allows."""
    step = checker.begin(raw, NOW)
    if isinstance(step, Verify):
        good = verify(step.algorithm, step.key, step.signing_input, step.signature)
        step = step.resume(Verdict(step.token_digest, step.trust_digest, good), NOW)
    if isinstance(step, Mint):
        step = step.resume(_signed(step.statement, key), NOW)
    assert isinstance(step, Decided)  # noqa: S101 - the answer is part of the measurement
    assert isinstance(step.decision, Permit)  # noqa: S101


def _signed(statement: Statement, key: SigningKey) -> Minted:
    issued, expires = int(NOW), int(NOW) + statement.lifetime
    times: dict[str, Json] = {"iat": issued, "nbf": issued, "exp": expires, "jti": "0123456789abcdef"}
    return Minted(mint(key, {"iss": statement.issuer, **statement.claims, **times}), issued, expires)


def new(trust: Trust, requests: list[bytes], key: SigningKey) -> Callable[[], None]:
    """Return what checks all requests, no token of which is remembered."""
    return lambda: _all(Checker(lambda: trust), requests, key)


def remembered(trust: Trust, requests: list[bytes], key: SigningKey) -> Callable[[], None]:
    """Return the same for tokens that are remembered."""
    checker = Checker(lambda: trust, recent=LocalCache(len(requests)))
    _all(checker, requests, key)
    return lambda: _all(checker, requests, key)


def _all(checker: Checker, requests: list[bytes], key: SigningKey) -> None:
    for raw in requests:
        decide(checker, raw, key)
