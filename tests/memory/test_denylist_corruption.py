"""Slots that are half written, half erased, or plain rubbish: never a wrong answer for what is whole."""

import os
import random
import subprocess
import sys
from pathlib import Path
from struct import pack_into

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.denylists import LATER, NOW, SMALLEST, denylist, digest, environment, place_of
from sidecar.memory import segment
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_layout import BUCKET, geometry
from sidecar.memory.denylist_writer import DenylistWriter
from sidecar.memory.segment import Segment

PROGRAM = Path(__file__).parent / "programs" / "kill_at_every_step.py"
#: For long: AUTHZ_TORTURE_STEP=opcode, every instruction of Python's.
STEP = os.environ.get("AUTHZ_TORTURE_STEP", "line")


class Racing(Denylist):
    """A reader whose first look at a bucket shows an old copy, as it may be while the writer reuses a slot."""

    def __init__(self, shared: Segment, shown: list[tuple[object, ...]]) -> None:
        super().__init__(shared)
        self._shown = shown
        self._bucket = self._look  # type: ignore[assignment]

    def _look(self, memory: object, place: int) -> tuple[object, ...]:
        return self._shown.pop(0) if self._shown else BUCKET.unpack_from(memory, place)  # type: ignore[arg-type]


def test_expired_digest_with_another_s_expiry() -> None:
    """A reader that sees an expired digest beside the expiry of the one that took its slot does not believe it."""
    with denylist() as (writer, _, shared):
        writer.add(digest(1, home=5), NOW + 1, NOW)
        writer.add(digest(2, home=5), LATER, NOW + 1)
        place, slot = place_of(shared, digest(2, home=5))
        assert slot == 0
        fields = list(BUCKET.unpack_from(shared.memory, place))
        fields[0] = digest(1, home=5)
        for looks in (1, 2):
            with Racing(shared, [tuple(fields)] * looks) as reader:
                assert not reader.contains(digest(1, home=5), NOW + 1)
        with Racing(shared, [tuple(fields)] * 3) as reader:  # which shows that the look is what the test is about
            assert reader.contains(digest(1, home=5), NOW + 1)


@given(st.integers(0, 16), st.integers(0, 2))
def test_half_a_digest_is_a_free_slot(written: int, slot: int) -> None:
    """A writer killed in the middle of a digest, or before its expiry, leaves a slot that is free, and no entry."""
    with denylist() as (writer, reader, shared):
        for number in range(slot):
            writer.add(digest(number, home=5), LATER, NOW)
        at = geometry(shared.size).place(5) + 16 * slot
        shared.memory[at : at + written] = digest(9, home=5)[:written]
        assert not reader.contains(digest(9, home=5), NOW)
        assert all(reader.contains(digest(number, home=5), NOW) for number in range(slot))
        with DenylistWriter(shared) as successor:
            assert successor.counts(NOW).entries == slot
            assert successor.add(digest(7, home=5), LATER, NOW)
            assert shared.memory[at : at + 16] == digest(7, home=5)


def test_killed_before_the_reach() -> None:
    """An entry whose home does not tell of it yet is found once a new writer has come."""
    with denylist() as (writer, reader, shared):
        crowd = [digest(number, home=5) for number in range(4)]
        for one in crowd:
            writer.add(one, LATER, NOW)
        shared.memory[geometry(shared.size).place(5) + 60] = 0
        assert [reader.contains(one, NOW) for one in crowd] == [True, True, True, False]
        before = reader.epoch
        with DenylistWriter(shared):
            assert all(reader.contains(one, NOW) for one in crowd)
            assert reader.epoch != before


def test_added_again_after_it_was_lost() -> None:
    """What a killed writer left out of reach can be added again, and then has the expiry that it was added with."""
    with denylist() as (writer, reader, shared):
        crowd = [digest(number, home=5) for number in range(7)]
        for one in crowd:
            writer.add(one, NOW + 5 if one is crowd[0] else LATER, NOW)
        shared.memory[geometry(shared.size).place(5) + 60] = 1
        writer.sweep(NOW)  # which finds nothing, and so repairs nothing
        assert not reader.contains(crowd[6], NOW)
        assert writer.add(crowd[6], LATER + 50, NOW + 5)
        assert reader.contains(crowd[6], LATER + 49)


def test_killed_before_it_was_counted() -> None:
    """A list whose writer was killed before it counted its first entry is in force with the next writer."""
    with denylist() as (writer, reader, shared):
        writer.add(digest(1), LATER, NOW)
        pack_into("QQ", shared.memory, 0, 0, 0)
        assert not reader.contains(digest(1), NOW)
        with DenylistWriter(shared):
            assert reader.contains(digest(1), NOW)
            assert reader.epoch > 0


@pytest.mark.parametrize("seed", range(20))
def test_rubbish_in_other_buckets(seed: int) -> None:
    """Whatever is in all other buckets, no look-up fails, what is whole is found, and what was not added is not."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    with segment.create(SMALLEST) as shared, DenylistWriter(shared) as writer, Denylist(shared) as reader:
        writer.add(digest(1, home=5), LATER, NOW)
        mine = slice(*(geometry(shared.size).place(5) + offset for offset in (0, 64)))
        kept = shared.memory[mine]
        shared.memory[64 : 64 * 64] = chance.randbytes(64 * 63)
        shared.memory[mine] = kept
        assert reader.contains(digest(1, home=5), NOW)
        assert not any(reader.contains(digest(number), NOW) for number in range(2, 300))
        writer.sweep(NOW)
        with DenylistWriter(shared) as successor:
            assert successor.counts(NOW).entries > 0
            assert reader.contains(digest(1, home=5), NOW)
            assert not any(reader.contains(digest(number), NOW) for number in range(2, 300))


def test_reach_too_large_costs_time_alone() -> None:
    """A reach that is larger than it need be, or than the shard, makes a look-up longer and nothing else."""
    with denylist() as (writer, reader, shared):
        writer.add(digest(1, home=62), LATER, NOW)
        np.frombuffer(shared.memory, dtype=np.uint8)[64 + 60 :: 64] = 255
        assert reader.contains(digest(1, home=62), NOW)
        assert not any(reader.contains(digest(number), NOW) for number in range(2, 300))


@pytest.mark.parametrize(("operation", "least"), [("add", 50), ("load", 100), ("sweep", 20)])
def test_killed_at_every_step(operation: str, least: int) -> None:
    """Killed at whatever step, a writer leaves all that is in force, nothing else, and others go on with it."""
    words = [sys.executable, str(PROGRAM), operation, STEP]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False, env=environment())  # noqa: S603 - our own program
    assert done.stderr == ""
    assert int(done.stdout) >= least
