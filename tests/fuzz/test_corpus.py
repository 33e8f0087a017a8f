"""The fuzzer's corpus, which needs no fuzzer to be read again."""

from pathlib import Path

import pytest

from fuzz.inputs import NO_PREFACE, NO_SETTINGS, reads, record, seeds
from fuzz.subject import Subject, fuzz
from sidecar.transport.native import frames

_CORPUS = sorted(Path(__file__).with_name("corpus").iterdir())


@pytest.mark.parametrize("file", _CORPUS, ids=lambda file: file.name)
def test_what_was_found_stays_found(file: Path) -> None:
    """Nothing raises, what is kept is bounded, and pieces make no difference."""
    fuzz(file.read_bytes())


def test_seeds_are_in_the_corpus() -> None:
    """The corpus has one for each thing that a client may do, as they are written."""
    kept = {file.name: file.read_bytes() for file in _CORPUS}
    assert kept.items() >= seeds().items()


@pytest.mark.parametrize(
    ("missing", "greeting"),
    [
        (0, frames.PREFACE + frames.frame(frames.SETTINGS, 0, 0)),
        (NO_SETTINGS, frames.PREFACE),
        (NO_PREFACE, b""),
        (NO_PREFACE | NO_SETTINGS, b""),
    ],
)
def test_clients_that_do_not_greet(missing: int, greeting: bytes) -> None:
    """An input says what its client leaves out; one that says nothing leaves out nothing."""
    assert next(reads(record(255, missing)))[0] == greeting
    assert next(reads(b"")) == (frames.PREFACE + frames.frame(frames.SETTINGS, 0, 0), 0.0)


def test_seeds_come_to_what_they_are_about() -> None:
    """Shapes are learnt, somebody watches, and uploads are kept: what is said to be bounded is there at all."""
    subjects = {name: Subject() for name in ("shapes", "watch", "uploads", "awaited", "no-preface")}
    most = dict.fromkeys(subjects, 0)
    for name, subject in subjects.items():
        for received, _ in reads(seeds()[name]):
            subject.calls.received(received, 0.0)
            kept = {
                "shapes": subject.memo._shapes._count,
                "watch": len(subject.health._watching),
                "uploads": subject.calls.connection.intake.holding,
                "awaited": len(subject.awaited),
                "no-preface": subject.calls.connection.closed,
            }
            most[name] = max(most[name], kept[name])
    assert all(most.values()), most
