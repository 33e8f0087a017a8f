"""The library: many tokens at once through ``Authenticator``, against a loop with PyJWT and a dictionary."""

import asyncio
import json
import time
from contextlib import ExitStack
from itertools import count

import jwt

from sidecar import Authenticator
from sidecar.core.reason import Reason
from sidecar.keys.signing import SigningKey, generate, key_set_document
from sidecar.tokens.mint import mint
from suite.given.trust import AUDIENCE, ISSUER, claims
from suite.measurement import Baseline, Measurement, Take, Unit
from suite.size import Size
from suite.timing import cpu, once

TITLE = "the library, Authenticator"
COSTLY = False
TOKENS = 2000
#: What stands before the number of verifiers that run, the seconds that it gets to, and between two looks.
_UP, _PATIENCE, _LOOK = 'process_pool_active{pool="verifier"} ', 10.0, 0.05


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure batches of new tokens with and without verifiers, and of tokens that are known."""
    key, number = generate("k1"), size.number(TOKENS, 20)
    names = count()
    runner = stack.enter_context(asyncio.Runner())

    def fresh() -> list[str]:
        # Each name once: a token that was there before would be known.
        return [mint(key, claims(next(names), time.time() + 3000)) for _ in range(number)]

    def batch(authenticator: Authenticator) -> Take:
        def take() -> float:
            tokens = fresh()
            before = time.perf_counter()
            let_in = _let_in(runner, authenticator, tokens)
            return (time.perf_counter() - before) / let_in

        return take

    def theirs() -> float:
        tokens, public = fresh(), key.private.public_key()
        return once(
            lambda: [jwt.decode(one, public, algorithms=["EdDSA"], audience=AUDIENCE, issuer=ISSUER) for one in tokens],
            number,
        )

    loop = Baseline("a PyJWT loop, one process", theirs)
    opened = {verifiers: _open(stack, runner, key, verifiers) for verifiers in (0, 2)}
    shown = {0: "no verifiers", 2: "two verifiers"}
    lines = [
        Measurement(f"batch-{verifiers}", f"a batch of new tokens, {shown[verifiers]}", Unit.RATE, batch(one), loop)
        for verifiers, one in opened.items()
    ]
    return [*lines, _known(runner, opened[0], fresh(), size)]


def _known(runner: asyncio.Runner, authenticator: Authenticator, tokens: list[str], size: Size) -> Measurement:
    """Measure a batch of tokens that are known: each is looked at again, its time and whether it is revoked."""
    known = dict.fromkeys(tokens, True)
    until = time.monotonic() + _PATIENCE
    while _let_in(runner, authenticator, tokens) < len(tokens) and time.monotonic() < until:
        pass

    def ours() -> None:
        assert _let_in(runner, authenticator, tokens) == len(tokens), "not all are known"  # noqa: S101 - the answer

    take, plain = (
        cpu(work, len(tokens), size.seconds) for work in (ours, lambda: all(known.get(token) for token in tokens))
    )
    return Measurement("batch-known", "a batch of known tokens", Unit.RATE_CPU, take, Baseline("a dict", plain))


def _open(stack: ExitStack, runner: asyncio.Runner, key: SigningKey, verifiers: int) -> Authenticator:
    """Open an authenticator until ``stack`` closes, once its verifiers answer."""
    settings: dict[str, object] = {
        "issuers": [{"issuer": ISSUER, "audiences": [AUDIENCE], "keys": {"jwks": json.loads(key_set_document([key]))}}],
        "verification_workers": verifiers,
        "enable_multiprocessing": verifiers > 0,
    }
    authenticator = Authenticator(settings)
    runner.run(_up(authenticator, verifiers))
    stack.callback(lambda: runner.run(authenticator.aclose()))
    return authenticator


async def _up(authenticator: Authenticator, verifiers: int) -> None:
    await authenticator.aopen()
    until = time.monotonic() + _PATIENCE
    while f"{_UP}{float(verifiers)}" not in authenticator.metrics() and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(_LOOK)


def _let_in(runner: asyncio.Runner, authenticator: Authenticator, tokens: list[str]) -> int:
    """Authenticate all; return how many were let in: some may be shed on a busy machine, and nothing else is right."""
    results = runner.run(authenticator.authenticate_batch(tokens))
    refused = {result.reason for result in results if not result.ok}
    assert refused <= {Reason.OVERLOADED}, refused  # noqa: S101 - the answers are part of the measurement
    return sum(result.ok for result in results) or 1
