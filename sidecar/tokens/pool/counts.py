"""What a signing pool has seen in one process."""

from dataclasses import dataclass


@dataclass(slots=True)
class SigningCounts:
    """Plain numbers since the start. A job is up to ``codec.MAX_COUNT`` signing inputs."""

    signed: int = 0  #: jobs whose signatures were believed
    not_held: int = 0  #: jobs whose worker does not hold the key
    refused: int = 0  #: jobs whose worker could not sign
    overflows: int = 0  #: jobs there was no room for
    timeouts: int = 0  #: jobs without an answer in time
    lost: int = 0  #: jobs whose worker was lost
    astray: int = 0  #: answers nobody waited for, as a rule because they were late
    unbelieved: int = 0  #: records that are no answers, or not on the job with that nonce
