"""Jobs and verdicts come back from bytes as they were, and nothing else comes back."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from verify.pool.ends import need

from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.core.needs import Verify
from sidecar.verify.pool import codec
from sidecar.verify.signature import verify

NONCE = bytes(range(16))
ALGORITHMS = st.sampled_from(ASYMMETRIC)


def test_every_algorithm_has_its_number() -> None:
    """Each algorithm has exactly one number, and none has moved: the order is part of the layout."""
    assert sorted(codec.ALGORITHMS) == sorted(ASYMMETRIC)
    numbers = "EdDSA ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512"
    assert " ".join(codec.ALGORITHMS) == numbers


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_job_carries_all_that_verifying_takes(algorithm: Algorithm) -> None:
    """What comes out of the bytes is verified as what went in."""
    asked = need(algorithm=algorithm)
    job = codec.read_job(codec.write_job(asked, NONCE, 12.5, 11.5))
    assert job is not None
    assert (job.nonce, job.deadline, job.sent_at) == (NONCE, 12.5, 11.5)
    assert (job.token_digest, job.trust_digest) == (asked.token_digest, asked.trust_digest)
    assert (job.key.algorithms, job.key.material) == (asked.key.algorithms, asked.key.material)
    assert verify(job.algorithm, job.key, job.signing_input, job.signature)


@given(
    ALGORITHMS,
    st.frozensets(ALGORITHMS, min_size=1),
    st.binary(max_size=600),
    st.binary(max_size=600),
    st.binary(max_size=600),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_any_job(  # noqa: PLR0913, PLR0917 - generated
    algorithm: Algorithm,
    admitted: frozenset[Algorithm],
    material: bytes,
    signing_input: bytes,
    signature: bytes,
    deadline: float,
    sent_at: float,
) -> None:
    """Any key, input and signature, of any lengths, come back as they were."""
    key = VerificationKey("kid", admitted, material, b"thumbprint")
    asked = replace(need(), algorithm=algorithm, key=key, signing_input=signing_input, signature=signature)
    job = codec.read_job(codec.write_job(asked, NONCE, deadline, sent_at))
    anonymous = VerificationKey(None, admitted, material, b"")
    digests = asked.token_digest, asked.trust_digest
    assert job == codec.Job(NONCE, *digests, deadline, sent_at, algorithm, anonymous, signing_input, signature)


@pytest.mark.parametrize("valid", [True, False])
def test_verdict(valid: bool) -> None:  # noqa: FBT001 - generated
    """A verdict comes back as it was, on the job it is on."""
    asked = need()
    job = codec.read_job(codec.write_job(asked, NONCE, 1.0, 0.5))
    assert job is not None
    record = codec.write_verdict(job, valid=valid)
    assert len(record) == codec.VERDICT_BYTES
    assert codec.read_verdict(record) == (NONCE, asked.token_digest, asked.trust_digest, valid)


@given(st.binary(max_size=300))
def test_noise(noise: bytes) -> None:
    """What is neither is neither, and is no exception."""
    assert codec.read_job(noise) is None
    assert codec.read_verdict(noise) is None


@given(st.integers(0, 2**64), st.integers(0, 255))
def test_one_byte_changed(place: int, byte: int) -> None:
    """A job with any byte changed is none, or another one, and no exception; likewise a verdict."""
    job = bytearray(codec.write_job(need(), NONCE, 1.0, 0.5))
    job[place % len(job)] = byte
    read = codec.read_job(bytes(job))
    assert read is None or _again(read) == job
    on = codec.read_job(codec.write_job(need(), NONCE, 1.0, 0.5))
    assert on is not None
    record = bytearray(codec.write_verdict(on, valid=True))
    record[place % len(record)] = byte
    answer = codec.read_verdict(bytes(record))
    assert answer is None or codec.write_verdict(_on(answer, on), valid=answer.valid) == record


def _again(job: codec.Job) -> bytes:
    asked = Verify(
        job.token_digest, job.trust_digest, job.algorithm, job.key, job.signing_input, job.signature, need().then
    )
    return codec.write_job(asked, job.nonce, job.deadline, job.sent_at)


def _on(answer: codec.Answer, job: codec.Job) -> codec.Job:
    return job._replace(nonce=answer.nonce, token_digest=answer.token_digest, trust_digest=answer.trust_digest)


@pytest.mark.parametrize("length", [0, 1, 112, 113])
def test_cut(length: int) -> None:
    """A job or verdict that was cut is none."""
    record = codec.write_job(need(), NONCE, 1.0, 0.5)
    assert codec.read_job(record[:length]) is None
    assert codec.read_job(record[:-1]) is None
    assert codec.read_job(record + b"\0") is None


@pytest.mark.parametrize("deadline", [math.inf, -math.inf, math.nan])
def test_deadline_that_is_no_time(deadline: float) -> None:
    """A job that would never be late is none, nor is one that was sent at no time."""
    assert codec.read_job(codec.write_job(need(), NONCE, deadline, 0.5)) is None
    assert codec.read_job(codec.write_job(need(), NONCE, 1.0, deadline)) is None


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, b"J1"),
        (0, b"V1"),
        (2, bytes([len(codec.ALGORITHMS)])),
        (2, b"\xff"),
        (3, b"\0\0"),
        (3, (1 << 10).to_bytes(2, "little")),
        (5, b"\xff\xff\xff\xff"),
        (9, b"\xff\xff\xff\xff"),
        (13, b"\xff\xff\xff\xff"),
        (13, b"\0\0\0\0"),
    ],
)
def test_odd_job(place: int, value: bytes) -> None:
    """A job of another version, algorithm, set of algorithms or length is none."""
    record = codec.write_job(need(), NONCE, 1.0, 0.5)
    assert codec.read_job(record) is not None
    assert codec.read_job(record[:place] + value + record[place + len(value) :]) is None


@pytest.mark.parametrize(("place", "value"), [(0, b"V2"), (0, b"J2"), (2, b"\x02"), (2, b"\xff")])
def test_odd_verdict(place: int, value: bytes) -> None:
    """A verdict of another version, or that is neither good nor bad, is none."""
    job = codec.read_job(codec.write_job(need(), NONCE, 1.0, 0.5))
    assert job is not None
    record = codec.write_verdict(job, valid=True)
    assert codec.read_verdict(record[:place] + value + record[place + len(value) :]) is None
    assert codec.read_verdict(record[:-1]) is None
    assert codec.read_verdict(record + b"\0") is None
