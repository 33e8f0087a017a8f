"""What is counted of the pools: processes that work for others."""

from enum import StrEnum
from typing import Final

from sidecar.observe.family import NANOSECONDS, Family, Histograms, every


class Pool(StrEnum):
    """Whose work it is."""

    VERIFIER = "verifier"  #: signatures
    MINTER = "minter"  #: assertions
    HASH = "hash"  #: lists of what is revoked
    HOOK = "hook"  #: Python hooks


class Failure(StrEnum):
    """Why a job was not done, as who asked saw it."""

    FULL = "full"  #: there was no room for it
    LATE = "late"  #: there was no answer in time
    LOST = "lost"  #: its process ended
    REFUSED = "refused"  #: its process could not do it


#: The label that has a pool's name.
POOL: Final = "pool"

COMPLETED: Final = Family(
    "pool_completed_tasks",
    "Jobs that processes of a pool have done, as who asked saw it; counted with each heartbeat of who asked.",
    (POOL,),
    every(Pool),
)
FAILED: Final = Family(
    "authz_pool_failed_jobs",
    "Jobs that a pool did not do, as who asked saw it: no room, no answer in time, its process ended, or it could not. "
    "Somebody else did them then.",
    (POOL, "result"),
    every(Pool, Failure),
)
BUSY: Final = Family(
    "authz_pool_busy_seconds",
    "Seconds in which processes of a pool worked, added up after each batch.",
    (POOL,),
    every(Pool),
    unit=NANOSECONDS,
)
WAIT: Final = Histograms(
    "authz_pool_wait_seconds",
    "Seconds that a job waited before a process of the pool took it.",
    (POOL,),
    every((Pool.VERIFIER, Pool.MINTER, Pool.HOOK)),
    (*(1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3), *(0.01, 0.025, 0.05, 0.1, 0.25, 1.0)),
)
BATCH: Final = Histograms(
    "authz_pool_batch_size",
    "Jobs that a verifier takes at once, and signing inputs that a minter is given at once.",
    (POOL,),
    every((Pool.VERIFIER, Pool.MINTER)),
    (1, 2, 4, 8, 16, 32),
)
