"""A server's way of having assertions signed."""

import time
from collections.abc import Awaitable, Callable

from sidecar.core.assertion import Minted, Renewals, Statement
from sidecar.engine.renewals import BackgroundRenewals
from sidecar.memory.counters import Row
from sidecar.observe.pool_meter import PoolMeter
from sidecar.observe.pool_series import Failure, Pool
from sidecar.observe.series import ASSERTION, Signing
from sidecar.tokens.assertions import Assertions
from sidecar.tokens.pool.pool import SigningPool
from sidecar.tokens.signer import PoolSigner, Signer


class Asserting:
    """Signs by ``signer``, a pool or the keys themselves. ``patience`` is in seconds. Counts in ``row``.

    ``open`` in the loop before the first check, ``look`` now and then, ``close`` after the last check.
    """

    def __init__(self, signer: SigningPool | Signer, patience: float, row: Row) -> None:
        self._pool = signer if isinstance(signer, SigningPool) else None
        self._signer: Signer = PoolSigner(signer) if isinstance(signer, SigningPool) else signer
        self._row = row
        self._meter = PoolMeter(row, Pool.MINTER)
        self._assertions = Assertions(self._signer, time.time, patience, self._observe)
        self._background = BackgroundRenewals(self._assertions.mint)
        self._held: frozenset[bytes] = frozenset()

    @property
    def mint(self) -> Callable[[Statement], Awaitable[Minted | None]]:
        """Return what the engine has statements signed by."""
        return self._assertions.mint

    @property
    def renewals(self) -> Renewals:
        """Return what the core has them renewed by."""
        return self._background

    def open(self) -> None:
        """Begin to listen for signatures."""
        if self._pool is not None:
            self._pool.open()

    def close(self) -> None:
        """Stop; whoever waits is denied."""
        self._background.close()
        self._assertions.close()
        if self._pool is not None:
            self._pool.close()

    def publish(self) -> None:
        """Bring the counters of the pool up to date."""
        if self._pool is not None:
            counts = self._pool.counts
            failed = {
                Failure.FULL: counts.overflows,
                Failure.LATE: counts.timeouts,
                Failure.LOST: counts.lost,
                Failure.REFUSED: counts.refused + counts.not_held,
            }
            self._meter.publish(counts.signed, failed)

    def has_lost_a_key(self) -> bool:
        """Say whether a key is gone since the last look: what it signed is forgotten here, and must not be sent."""
        told = self._signer.told()
        if told is None:
            return False  # somebody is being replaced
        before, self._held = self._held, frozenset(key.thumbprint for key in told.keys)
        lost = not before <= self._held
        if lost:
            self._assertions.forget()
        return lost

    def _observe(self, signed: bool, count: int) -> None:  # noqa: FBT001 - an outcome
        if count:
            self._row.add(ASSERTION[Signing.SIGNED if signed else Signing.UNAVAILABLE], count)
