"""What a pool has seen in one server."""

from dataclasses import dataclass


@dataclass(slots=True)
class PoolCounts:
    """Plain numbers since the start."""

    verdicts: int = 0  #: from verifiers, that were believed
    inline: int = 0  #: needs that were verified here after all
    overflows: int = 0  #: jobs there was no room for
    timeouts: int = 0  #: jobs without a verdict in time
    lost: int = 0  #: jobs whose verifier was lost
    astray: int = 0  #: verdicts nobody waited for, as a rule because they were late
    unbelieved: int = 0  #: records that are no verdicts, or not on the digests of the job with that nonce
