"""Jobs and verdicts as bytes, in the machine's byte order, without gaps.

A job::

    0    2         3      5        9         13      17       25     33     49     81     113
    ┌────┬─────────┬──────┬────────┬─────────┬───────┬────────┬──────┬──────┬──────┬──────┬────────┬─────────┬───────┐
    │"J2"│algorithm│admits│material│signature│ input │deadline│ sent │nonce │token │trust │material│signature│ input │
    │    │   u8    │ u16  │ length │ length  │length │  f64   │  at  │  16  │digest│digest│        │         │       │
    └────┴─────────┴──────┴────────┴─────────┴───────┴────────┴──────┴──────┴──────┴──────┴────────┴─────────┴───────┘

``algorithm`` is a place in ``ALGORITHMS``, ``admits`` a set of bits 1 << place: what the key itself admits. A deadline,
and when the job was sent, are CLOCK_MONOTONIC in seconds, the same for all processes of a machine. ``input`` is the
signing input (RFC 7515, section 2).

A verdict::

    0    2       3      19     51     83
    ┌────┬───────┬──────┬──────┬──────┐
    │"V1"│valid  │nonce │token │trust │
    │    │0 or 1 │  16  │digest│digest│
    └────┴───────┴──────┴──────┴──────┘

The digits are the versions of the layouts. Reading is strict: what is not exactly what writing makes is ``None``.
"""

import math
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.core.needs import Verify

#: An algorithm's number is its place here: the order is part of the layout. HS256 has none: INVARIANT: no secret ever
#: enters a ring.
ALGORITHMS = (
    Algorithm.EDDSA,
    Algorithm.ES256,
    Algorithm.ES384,
    Algorithm.ES512,
    Algorithm.RS256,
    Algorithm.RS384,
    Algorithm.RS512,
    Algorithm.PS256,
    Algorithm.PS384,
    Algorithm.PS512,
)
_NUMBERS = {algorithm: number for number, algorithm in enumerate(ALGORITHMS)}
_JOB, _VERDICT = b"J2", b"V1"
_JOB_HEAD = Struct("=2sBHIIIdd16s32s32s")
_VERDICT_ALL = Struct("=2sB16s32s32s")
NONCE_BYTES, DIGEST_BYTES = 16, 32
VERDICT_BYTES = _VERDICT_ALL.size


class Job(NamedTuple):
    """One signature to verify. ``key`` has no id and no thumbprint: verifying needs neither."""

    nonce: bytes
    token_digest: bytes
    trust_digest: bytes
    deadline: float  #: seconds of CLOCK_MONOTONIC; nobody waits for the verdict after it
    sent_at: float  #: of the same clock
    algorithm: Algorithm
    key: VerificationKey
    signing_input: bytes
    signature: bytes


class Answer(NamedTuple):
    """What a verifier says about the job with this nonce."""

    nonce: bytes
    token_digest: bytes
    trust_digest: bytes
    valid: bool


def write_job(need: Verify, nonce: bytes, deadline: float, sent_at: float) -> bytes:
    """Return the job that ``need`` is."""
    material, signature, signing_input = need.key.material, need.signature, need.signing_input
    head = _JOB_HEAD.pack(
        _JOB,
        _NUMBERS[need.algorithm],
        _bits(need.key.algorithms),
        len(material),
        len(signature),
        len(signing_input),
        deadline,
        sent_at,
        nonce,
        need.token_digest,
        need.trust_digest,
    )
    return b"".join((head, material, signature, signing_input))


def read_job(record: bytes) -> Job | None:
    """Return the job that ``record`` is, or ``None``."""
    if len(record) < _JOB_HEAD.size:
        return None
    head = _JOB_HEAD.unpack_from(record)
    kind, number, admits, material, signature, signing_input, deadline, sent_at, *rest = head
    if kind != _JOB or number >= len(ALGORITHMS) or not (math.isfinite(deadline) and math.isfinite(sent_at)):
        return None
    signature_at = _JOB_HEAD.size + material
    input_at = signature_at + signature
    if input_at + signing_input != len(record):
        return None
    key = _key(admits, record[_JOB_HEAD.size : signature_at])
    if key is None:
        return None
    nonce, token_digest, trust_digest = rest
    texts = record[input_at:], record[signature_at:input_at]
    return Job(nonce, token_digest, trust_digest, deadline, sent_at, ALGORITHMS[number], key, *texts)


def write_verdict(job: Job, *, valid: bool) -> bytes:
    """Return the verdict on ``job``."""
    return _VERDICT_ALL.pack(_VERDICT, valid, job.nonce, job.token_digest, job.trust_digest)


def read_verdict(record: bytes) -> Answer | None:
    """Return the verdict that ``record`` is, or ``None``."""
    if len(record) != VERDICT_BYTES:
        return None
    kind, valid, nonce, token_digest, trust_digest = _VERDICT_ALL.unpack(record)
    if kind != _VERDICT or valid > 1:
        return None
    return Answer(nonce, token_digest, trust_digest, valid == 1)


@lru_cache(maxsize=1024)
def _bits(algorithms: frozenset[Algorithm]) -> int:
    return sum(1 << _NUMBERS[algorithm] for algorithm in algorithms)


@lru_cache(maxsize=1024)
def _key(admits: int, material: bytes) -> VerificationKey | None:
    """Make a key once, not once a job: naming its content takes 10 µs. Keys are the issuers', never a sender's."""
    if not 0 < admits < 1 << len(ALGORITHMS):
        return None
    algorithms = frozenset(algorithm for number, algorithm in enumerate(ALGORITHMS) if admits >> number & 1)
    return VerificationKey(None, algorithms, material, b"")
