"""Several jobs as one record, and the verdicts on them as one: a hand-over costs what it costs, however much is in it.

One alone is as ``codec`` has it. Several::

    0    2       4               4 + 4 n
    ┌────┬───────┬───────────────┬──────────────────────────────────┐
    │"JN"│ n     │ the length of │ n jobs, one behind the other     │
    │    │  u16  │ each, u32     │                                  │
    └────┴───────┴───────────────┴──────────────────────────────────┘

    0    2       4
    ┌────┬───────┬──────────────────────────────────────────────────┐
    │"VN"│ n u16 │ n verdicts, of 83 bytes each                     │
    └────┴───────┴──────────────────────────────────────────────────┘

Each job and each verdict is whole in itself, with nonce and both digests; nothing is believed of one for its company.
"""

from collections.abc import Sequence
from struct import Struct

from sidecar.core.needs import Verify
from sidecar.verify.pool.codec import VERDICT_BYTES, Answer, read_verdict, write_job

_JOBS, _VERDICTS = b"JN", b"VN"
_HEAD = Struct("=2sH")


def write_jobs(needs: Sequence[Verify], nonce: bytes, deadline: float, sent_at: float) -> bytes:
    """Return the record that asks for all of ``needs``, under one nonce."""
    jobs = [write_job(need, nonce, deadline, sent_at) for need in needs]
    if len(jobs) == 1:
        return jobs[0]
    return b"".join((_HEAD.pack(_JOBS, len(jobs)), Struct(f"={len(jobs)}I").pack(*map(len, jobs)), *jobs))


def split_jobs(record: bytes) -> Sequence[bytes]:
    """Return the jobs in ``record``, which are still to be read: itself, where it is not exactly one of several."""
    alone = (record,)
    if record[:2] != _JOBS or len(record) < _HEAD.size:
        return alone
    _, number = _HEAD.unpack_from(record)
    at = _HEAD.size + 4 * number
    if number < 2 or len(record) < at:  # noqa: PLR2004 - one alone is written in another way
        return alone
    jobs: list[bytes] = []
    for length in Struct(f"={number}I").unpack_from(record, _HEAD.size):
        jobs.append(record[at : at + length])
        at += length
    return jobs if at == len(record) else alone


def join_verdicts(verdicts: Sequence[bytes]) -> bytes:
    """Return the record of these verdicts, one at least."""
    return verdicts[0] if len(verdicts) == 1 else b"".join((_HEAD.pack(_VERDICTS, len(verdicts)), *verdicts))


def read_verdicts(record: bytes) -> Sequence[Answer] | None:
    """Return the verdicts in ``record``; ``None`` where it is none, or any in it."""
    if record[:2] != _VERDICTS:
        alone = read_verdict(record)
        return None if alone is None else (alone,)
    if len(record) < _HEAD.size:
        return None
    _, number = _HEAD.unpack_from(record)
    if number < 2 or len(record) != _HEAD.size + number * VERDICT_BYTES:  # noqa: PLR2004 - as above
        return None
    found = (read_verdict(record[at : at + VERDICT_BYTES]) for at in range(_HEAD.size, len(record), VERDICT_BYTES))
    answers = [answer for answer in found if answer is not None]
    return answers if len(answers) == number else None
