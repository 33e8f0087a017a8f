"""Jobs and answers as bytes, in the machine's byte order, without gaps.

Two kinds of jobs: to sign, and to tell one's keys::

    0    2         3       5          13         21      37         69
    ┌────┬─────────┬───────┬──────────┬──────────┬───────┬──────────┬──────────────────┬───────────────┐
    │"S2"│algorithm│ count │ deadline │ asked at │ nonce │thumbprint│ lengths          │ signing inputs│
    │    │   u8    │  u16  │   f64    │   f64    │  16   │    32    │ count times u32  │               │
    └────┴─────────┴───────┴──────────┴──────────┴───────┴──────────┴──────────────────┴───────────────┘
    0    2          10      26
    ┌────┬──────────┬───────┐
    │"Q1"│ deadline │ nonce │
    └────┴──────────┴───────┘

``algorithm`` is a place in ``verify.pool.codec.ALGORITHMS``, ``thumbprint`` the key's (RFC 7638). A deadline, and when
the signatures were first asked for, are CLOCK_MONOTONIC in seconds, the same for all processes of a machine. Signing
inputs are those of RFC 7515, section 2.

And two kinds of answers::

    0    2        3       5      7       23         55       87
    ┌────┬────────┬───────┬──────┬───────┬──────────┬────────┬────────────────────────────┐
    │"A1"│ status │ count │ size │ nonce │thumbprint│ digest │ count signatures of size   │
    │    │   u8   │  u16  │ u16  │  16   │    32    │   32   │                            │
    └────┴────────┴───────┴──────┴───────┴──────────┴────────┴────────────────────────────┘
    0    2       18
    ┌────┬───────┬────────────────────────────────┐
    │"K1"│ nonce │ JWK Set, the current key first │
    └────┴───────┴────────────────────────────────┘

``digest`` is ``digest_of`` the signing inputs. All signatures of one key have one size; where nothing was signed there
are none. The digits are the versions of the layouts. Reading is strict: what is not exactly what writing makes is
``None``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import blake2b
from struct import Struct, pack, unpack_from

from sidecar.core.algorithm import Algorithm
from sidecar.tokens.public import PublicKeys, read_public_keys
from sidecar.verify.pool.codec import ALGORITHMS

_SIGN, _ASK, _ANSWER, _KEYS = b"S2", b"Q1", b"A1", b"K1"
_SIGN_HEAD = Struct("=2sBHdd16s32s")
_ASK_ALL = Struct("=2sd16s")
_ANSWER_HEAD = Struct("=2sBHH16s32s32s")
_KEYS_HEAD = Struct("=2s16s")
_LENGTH_BYTES = 4
NONCE_BYTES = 16
#: Bytes of all signing inputs of one job together, and so of one.
MAX_INPUT_BYTES = 16 * 1024
#: Signing inputs of one job: some 2 ms of RSA with 2048 bits, for which the next job may have to wait. To hand over a
#: job takes as long as some Ed25519 signatures, whether there is one input in it or eight.
MAX_COUNT = 8
#: Bytes of the largest job there is. No answer is larger: eight signatures of RSA with 16384 bits are 16 KiB.
MAX_RECORD_BYTES = _SIGN_HEAD.size + MAX_COUNT * _LENGTH_BYTES + MAX_INPUT_BYTES


class Status(IntEnum):
    """What became of a job."""

    SIGNED = 0
    NOT_HELD = 1  #: the worker has no such key
    REFUSED = 2  #: signing raised something


@dataclass(frozen=True, slots=True)
class SignJob:
    """Signing inputs for one key. ``deadline``: nobody waits for the signatures after it."""

    nonce: bytes
    deadline: float
    asked_at: float
    algorithm: Algorithm
    thumbprint: bytes
    inputs: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskJob:
    """The question which keys there are."""

    nonce: bytes
    deadline: float


@dataclass(frozen=True, slots=True)
class SignAnswer:
    """What a worker did about the job with this nonce."""

    nonce: bytes
    status: Status
    thumbprint: bytes
    digest: bytes
    signatures: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeysAnswer:
    """Which keys a worker holds."""

    nonce: bytes
    keys: PublicKeys


def digest_of(inputs: Sequence[bytes]) -> bytes:
    """Return 32 bytes of BLAKE2b (RFC 7693) over signing inputs, their number, order and lengths included."""
    lengths = pack(f"={len(inputs) + 1}I", len(inputs), *map(len, inputs))
    return blake2b(lengths + b"".join(inputs), digest_size=32, person=b"signing-inputs").digest()


def write_sign(job: SignJob) -> bytes:
    """Return the job as bytes; raises ``ValueError`` for a number or size of inputs that no worker takes."""
    count = len(job.inputs)
    if not 0 < count <= MAX_COUNT or sum(map(len, job.inputs)) > MAX_INPUT_BYTES:
        raise ValueError(f"{count} signing inputs: 1 to {MAX_COUNT} in a job, {MAX_INPUT_BYTES} bytes at the most")
    number = ALGORITHMS.index(job.algorithm)
    head = _SIGN_HEAD.pack(_SIGN, number, count, job.deadline, job.asked_at, job.nonce, job.thumbprint)
    return b"".join((head, pack(f"={count}I", *map(len, job.inputs)), *job.inputs))


def write_ask(job: AskJob) -> bytes:
    """Return the job as bytes."""
    return _ASK_ALL.pack(_ASK, job.deadline, job.nonce)


def read_job(record: bytes) -> SignJob | AskJob | None:
    """Return the job that ``record`` is, or ``None``."""
    job = _read_ask(record) if len(record) == _ASK_ALL.size else _read_sign(record)
    return job if job is not None and math.isfinite(job.deadline) else None


def write_answer(job: SignJob, status: Status, signatures: Sequence[bytes] = ()) -> bytes:
    """Return the answer to ``job`` as bytes."""
    size = len(signatures[0]) if signatures else 0
    digest = digest_of(job.inputs)
    head = _ANSWER_HEAD.pack(_ANSWER, status, len(signatures), size, job.nonce, job.thumbprint, digest)
    return b"".join((head, *signatures))


def write_keys(job: AskJob, keys: PublicKeys) -> bytes:
    """Return the answer to ``job`` as bytes."""
    return _KEYS_HEAD.pack(_KEYS, job.nonce) + keys.document().encode()


def read_answer(record: bytes) -> SignAnswer | KeysAnswer | None:
    """Return the answer that ``record`` is, or ``None``."""
    return _read_keys(record) if record.startswith(_KEYS) else _read_signatures(record)


def _read_ask(record: bytes) -> AskJob | None:
    kind, deadline, nonce = _ASK_ALL.unpack(record)
    return AskJob(nonce, deadline) if kind == _ASK else None


def _read_sign(record: bytes) -> SignJob | None:
    if len(record) < _SIGN_HEAD.size:
        return None
    kind, number, count, deadline, asked_at, nonce, thumbprint = _SIGN_HEAD.unpack_from(record)
    start = _SIGN_HEAD.size + count * _LENGTH_BYTES
    if kind != _SIGN or number >= len(ALGORITHMS) or not 0 < count <= MAX_COUNT or start > len(record):
        return None
    if not math.isfinite(asked_at):
        return None
    lengths = unpack_from(f"={count}I", record, _SIGN_HEAD.size)
    if sum(lengths) != len(record) - start or sum(lengths) > MAX_INPUT_BYTES:
        return None
    inputs = []
    for length in lengths:
        inputs.append(record[start : start + length])
        start += length
    return SignJob(nonce, deadline, asked_at, ALGORITHMS[number], thumbprint, tuple(inputs))


def _read_signatures(record: bytes) -> SignAnswer | None:
    start = _ANSWER_HEAD.size
    if len(record) < start:
        return None
    kind, status, count, size, nonce, thumbprint, digest = _ANSWER_HEAD.unpack_from(record)
    signed = status == Status.SIGNED
    if kind != _ANSWER or status > max(Status) or signed != (count > 0) or signed != (size > 0):
        return None
    if count > MAX_COUNT or len(record) != start + count * size:
        return None
    signatures = tuple(record[place : place + size] for place in range(start, len(record), size or 1))
    return SignAnswer(nonce, Status(status), thumbprint, digest, signatures)


def _read_keys(record: bytes) -> KeysAnswer | None:
    if len(record) < _KEYS_HEAD.size:
        return None
    keys = read_public_keys(record[_KEYS_HEAD.size :])
    return None if keys is None else KeysAnswer(record[len(_KEYS) : _KEYS_HEAD.size], keys)
