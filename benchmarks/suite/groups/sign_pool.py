"""The signing pool: two workers that have the key against one process that signs itself, on the same processors."""

import asyncio
import secrets
import tempfile
from contextlib import ExitStack
from pathlib import Path

from sidecar.core.algorithm import Algorithm
from sidecar.keys.jwk import verification_key
from sidecar.tokens.key_file import KeyFiles, read_minting_keys
from sidecar.tokens.pool.pool import SigningPool
from sidecar.tokens.public import PublicKey
from sidecar.verify.signature import verify
from suite.given.signing import deadline, pool_of, write_key
from suite.measurement import Baseline, Measurement, Unit
from suite.size import Size
from suite.timing import wall

TITLE = "the signing pool, asker and workers on the same processors"
COSTLY = False
INPUTS, INPUT_BYTES = {Algorithm.EDDSA: 4000, Algorithm.RS256: 1000}, 400


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure both algorithms."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    files = {algorithm: write_key(folder / f"{algorithm.value}.pem", algorithm) for algorithm in INPUTS}
    # Processes first: they are forks, and none of them gets a key but from its file.
    pools = {each: [stack.enter_context(pool_of(number, files[each])) for number in (1, 2)] for each in INPUTS}
    runner = stack.enter_context(asyncio.Runner())
    return [
        line
        for algorithm, number in INPUTS.items()
        for line in _lines(algorithm, files[algorithm], pools[algorithm], size.number(number, 8), (stack, runner))
    ]


def _lines(
    algorithm: Algorithm,
    files: KeyFiles,
    pools: list[SigningPool],
    number: int,
    open_things: tuple[ExitStack, asyncio.Runner],
) -> list[Measurement]:
    (stack, runner), name = open_things, algorithm.value
    inputs = [secrets.token_hex(INPUT_BYTES // 2).encode() for _ in range(number)]
    key = [runner.run(_opened(pool)) for pool in pools][-1]
    for pool in pools:
        stack.callback(_close, runner, pool)
    here = read_minting_keys(files).current

    def by(pool: SigningPool) -> list[bytes]:
        return runner.run(pool.sign_many(key, inputs, deadline()))

    for pool in pools:
        _demand(key, inputs, by(pool))
    inline = Baseline("one process", wall(lambda: list(map(here.sign, inputs)), number))
    return [
        Measurement(
            f"sign-pool-{count}-{name.lower()}",
            f"{name}, {'a worker' if count == 1 else 'two workers'}",
            Unit.RATE,
            wall(lambda pool=pool: by(pool), number),  # type: ignore[misc]  # each its own
            inline,
        )
        for count, pool in enumerate(pools, 1)
    ]


def _demand(key: PublicKey, inputs: list[bytes], signatures: list[bytes]) -> None:
    """See that every signature is good: what is measured is that."""
    public = verification_key(key.jwk)
    pairs = zip(inputs, signatures, strict=True)
    assert all(verify(key.algorithm, public, signed, signature) for signed, signature in pairs)  # noqa: S101


async def _opened(pool: SigningPool) -> PublicKey:
    pool.open()
    return await pool.signing_key(deadline())


def _close(runner: asyncio.Runner, pool: SigningPool) -> None:
    async def closed() -> None:  # its loop has to know no more of it
        pool.close()

    runner.run(closed())
