"""Jobs and answers come back from bytes as they were, and nothing else comes back."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokens.keyfiles import minting, private_jwk

from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.tokens.pool import codec
from sidecar.tokens.pool.codec import AskJob, KeysAnswer, SignAnswer, SignJob, Status
from sidecar.tokens.public import PublicKeys
from support.keypairs import pair

NONCE, THUMBPRINT = bytes(range(16)), bytes(range(32, 64))
KEYS = PublicKeys((minting().public, minting(Algorithm.RS256, "b").public))
INPUTS = st.lists(st.binary(max_size=600), min_size=1, max_size=codec.MAX_COUNT)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
WORD = st.binary(min_size=32, max_size=32)
NONCES = st.binary(min_size=16, max_size=16)


def job(**changes: Any) -> SignJob:  # noqa: ANN401 - SignJob's
    """Return a job."""
    fields = {"algorithm": Algorithm.ES256, "thumbprint": THUMBPRINT, "inputs": (b"a.b", b"c.d")}
    return SignJob(**{"nonce": NONCE, "deadline": 1.0, "asked_at": 0.5, **fields, **changes})


@given(NONCES, st.tuples(FINITE, FINITE), st.sampled_from(ASYMMETRIC), WORD, INPUTS)
def test_any_job(
    nonce: bytes, times: tuple[float, float], algorithm: Algorithm, word: bytes, inputs: list[bytes]
) -> None:
    """Any inputs of any lengths come back as they were, in their order."""
    one = SignJob(nonce, *times, algorithm, word, tuple(inputs))
    assert codec.read_job(codec.write_sign(one)) == one


@given(NONCES, FINITE)
def test_any_question(nonce: bytes, deadline: float) -> None:
    """The question which keys there are comes back as it was."""
    one = AskJob(nonce, deadline)
    assert codec.read_job(codec.write_ask(one)) == one


@given(NONCES, WORD, INPUTS, st.integers(1, 600), st.data())
def test_any_answer(nonce: bytes, word: bytes, inputs: list[bytes], size: int, data: st.DataObject) -> None:
    """Signatures come back as they were, and what was not signed says so; both name job, key and inputs."""
    one = job(nonce=nonce, thumbprint=word, inputs=tuple(inputs))
    signatures = tuple(data.draw(st.binary(min_size=size, max_size=size)) for _ in inputs)
    named = one.nonce, word, codec.digest_of(one.inputs)
    read = codec.read_answer(codec.write_answer(one, Status.SIGNED, signatures))
    assert read == SignAnswer(named[0], Status.SIGNED, *named[1:], signatures)
    for status in (Status.NOT_HELD, Status.REFUSED):
        assert codec.read_answer(codec.write_answer(one, status)) == SignAnswer(named[0], status, *named[1:], ())


def test_keys() -> None:
    """The public keys come back as they were, in their order."""
    assert codec.read_answer(codec.write_keys(AskJob(NONCE, 1.0), KEYS)) == KeysAnswer(NONCE, KEYS)


def test_no_private_key_is_read() -> None:
    """Even from a worker a private key is not taken."""
    document = f'{{"keys":[{private_jwk(pair())}]}}'.replace("'", '"').replace(" ", "").encode()
    assert codec.read_answer(b"K1" + NONCE + document) is None


@given(INPUTS, st.integers(0, 2**32))
def test_digest_tells_apart(inputs: list[bytes], place: int) -> None:
    """Other bytes, another cut or another order is another digest."""
    digest = codec.digest_of(inputs)
    assert digest == codec.digest_of(tuple(inputs))
    assert codec.digest_of([*inputs, b""]) != digest
    assert codec.digest_of(inputs[1:]) != digest
    joined = b"".join(inputs)
    cut = place % (len(joined) + 1)
    other = [joined[:cut], joined[cut:]]
    assert (codec.digest_of(other) == digest) == (other == inputs)
    assert (codec.digest_of(inputs[::-1]) == digest) == (inputs[::-1] == inputs)


@given(st.binary(max_size=300))
def test_noise(noise: bytes) -> None:
    """What is neither is neither, and is no exception."""
    assert codec.read_job(noise) is None
    assert codec.read_answer(noise) is None


RECORDS = {
    "job": codec.write_sign(job()),
    "question": codec.write_ask(AskJob(NONCE, 1.0)),
    "answer": codec.write_answer(job(), Status.SIGNED, [b"s" * 64, b"t" * 64]),
    "refusal": codec.write_answer(job(), Status.REFUSED),
    "keys": codec.write_keys(AskJob(NONCE, 1.0), KEYS),
}


def _again(record: bytes) -> bytes | None:
    """Read a record as whatever it may be, and write that."""
    read = codec.read_job(record) or codec.read_answer(record)
    if read is None:
        return None
    if isinstance(read, SignJob):
        return codec.write_sign(read)
    if isinstance(read, AskJob):
        return codec.write_ask(read)
    if isinstance(read, KeysAnswer):
        return codec.write_keys(AskJob(read.nonce, 1.0), read.keys)
    # Inputs are in an answer as their digest alone.
    return codec.write_answer(job(nonce=read.nonce, thumbprint=read.thumbprint), read.status, read.signatures)


@pytest.mark.parametrize("which", RECORDS)
@given(place=st.integers(0, 2**32), byte=st.integers(0, 255))
def test_one_byte_changed(which: str, place: int, byte: int) -> None:
    """A record with any byte changed is none, or reads as exactly what it says, and is no exception."""
    record = bytearray(RECORDS[which])
    where = place % len(record)
    record[where] = byte
    again = _again(bytes(record))
    digest = range(55, 87) if which in {"answer", "refusal"} else range(0)
    assert again is None or where in digest or again == record


@pytest.mark.parametrize("which", RECORDS)
def test_cut_and_longer(which: str) -> None:
    """A record that was cut anywhere is none, nor is one that goes on."""
    record = RECORDS[which]
    for length in range(len(record)):
        assert _again(record[:length]) is None
    assert _again(record + b"\0") is None


@pytest.mark.parametrize(
    ("which", "place", "value"),
    [
        ("job", 0, b"S1"),
        ("job", 2, bytes([10])),
        ("job", 3, b"\0\0"),
        ("job", 3, b"\xff\xff"),
        ("job", 69, b"\xff\xff\xff\xff"),
        ("job", 69, b"\0\0\0\0"),
        ("question", 0, b"Q2"),
        ("answer", 0, b"A2"),
        ("answer", 2, b"\x03"),
        ("answer", 2, b"\x01"),
        ("answer", 3, b"\0\0"),
        ("answer", 3, b"\x01\0"),
        ("answer", 5, b"\0\0"),
        ("refusal", 2, b"\0"),
        ("refusal", 3, b"\x01\0"),
        ("refusal", 5, b"\x01\0"),
        ("keys", 0, b"K2"),
    ],
)
def test_odd(which: str, place: int, value: bytes) -> None:
    """A record of another version, algorithm, status, number or length is none."""
    record = RECORDS[which]
    assert _again(record) == record
    assert _again(record[:place] + value + record[place + len(value) :]) is None


@pytest.mark.parametrize("deadline", [math.inf, -math.inf, math.nan])
def test_deadline_that_is_no_time(deadline: float) -> None:
    """A job that would never be late is none, nor is one that was asked for at no time."""
    assert codec.read_job(codec.write_sign(job(deadline=deadline))) is None
    assert codec.read_job(codec.write_sign(job(asked_at=deadline))) is None
    assert codec.read_job(codec.write_ask(AskJob(NONCE, deadline))) is None


@pytest.mark.parametrize(
    "inputs", [(), (b"a",) * (codec.MAX_COUNT + 1), (b"a" * (codec.MAX_INPUT_BYTES + 1),), (b"a" * 9000, b"b" * 9000)]
)
def test_too_many(inputs: tuple[bytes, ...]) -> None:
    """A job for nothing, or that no ring has room for, is not written."""
    with pytest.raises(ValueError, match="1 to 8 in a job, 16384 bytes at the most"):
        codec.write_sign(job(inputs=inputs))


def test_largest() -> None:
    """No record is larger than rings are made for: neither the largest job, nor signatures of the largest key."""
    largest = job(inputs=(b"a" * (codec.MAX_INPUT_BYTES - 7), *[b"b"] * 7))
    assert len(codec.write_sign(largest)) == codec.MAX_RECORD_BYTES
    answer = codec.write_answer(largest, Status.SIGNED, [b"s" * 2048] * codec.MAX_COUNT)
    assert len(answer) <= codec.MAX_RECORD_BYTES
