"""Numbers under tags in the denylist, against a dictionary and beside digests."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.denylists import LATER, NOW, denylist, digest, place_of, rows, until
from sidecar.memory.denylist_layout import DenylistFullError
from sidecar.memory.denylist_writer import DenylistWriter

TAGS = [digest(number, home=number % 3)[:12] for number in range(40)]
_STEP = st.tuples(st.sampled_from(TAGS), st.integers(0, 2**32 - 1), st.integers(-1, 9))


@given(st.lists(_STEP, max_size=60), st.integers(0, 9))
def test_largest_number_that_is_in_force(steps: list[tuple[bytes, int, int]], later: int) -> None:
    """Under each tag there is the largest number it was given, up to the last of the expiries; neither goes back."""
    model: dict[bytes, tuple[int, int]] = {}
    with denylist() as (writer, reader, _):
        for tag, number, ttl in steps:
            before = reader.epoch
            assert writer.raise_number(tag, number, NOW + ttl, NOW) is (ttl > 0)
            assert (reader.epoch != before) is (ttl > 0)
            if ttl > 0:
                known, end = model.get(tag, (0, 0))
                model[tag] = max(known, number), max(end, ttl)
        for tag in TAGS:
            number, end = model.get(tag, (0, 0))
            assert reader.number(tag, NOW + later) == (number if later < end else 0)


def test_beside_digests() -> None:
    """Digests of the same home neither hide a number nor are taken for one, loaded at once or one by one."""
    with denylist() as (writer, reader, _):
        digests = [digest(number, home=5) for number in range(20)]
        writer.load(rows(digests[:10]), until(*[LATER] * 10), NOW)
        tag = digest(100, home=5)[:12]
        assert writer.raise_number(tag, 7, LATER, NOW)
        writer.load(rows(digests[10:]), until(*[LATER] * 10), NOW)
        assert all(reader.contains(one, NOW) for one in digests)
        assert reader.number(tag, NOW) == 7
        assert all(reader.number(one[:12], NOW) == struct.unpack("I", one[12:])[0] for one in digests)


def test_full_list_takes_no_new_tag() -> None:
    """Where there is no room nothing is pushed out; a number that is there can still rise."""
    with denylist() as (writer, reader, _):
        digests = [digest(number) for number in range(writer.measures.capacity - 1)]
        writer.load(rows(digests), until(*[LATER] * len(digests)), NOW)
        assert writer.raise_number(TAGS[0], 1, LATER, NOW)
        with pytest.raises(DenylistFullError):
            writer.raise_number(TAGS[1], 1, LATER, NOW)
        assert writer.raise_number(TAGS[0], 2, LATER, NOW)
        assert reader.number(TAGS[0], NOW) == 2
        assert all(reader.contains(one, NOW) for one in digests)


def test_swept_when_it_is_over() -> None:
    """A number goes with its expiry, and its slot is free."""
    with denylist() as (writer, reader, _):
        writer.raise_number(TAGS[0], 5, NOW + 1, NOW)
        assert writer.sweep(NOW + 1) == 1
        assert (reader.number(TAGS[0], NOW), writer.counts(NOW).entries) == (0, 0)


def test_new_writer_finds_it() -> None:
    """A writer that takes over raises the number that is there."""
    with denylist() as (writer, reader, shared):
        writer.raise_number(TAGS[0], 5, LATER, NOW)
        with DenylistWriter(shared) as successor:
            successor.raise_number(TAGS[0], 3, LATER, NOW)
            assert successor.counts(NOW).entries == 1
        assert reader.number(TAGS[0], NOW) == 5


def test_slot_that_is_used_again_meanwhile_is_not_believed() -> None:
    """A tag beside another entry's expiry, as a reader may copy them, is not there at the second look."""
    with denylist() as (writer, reader, shared):
        writer.raise_number(TAGS[0], 5, LATER, NOW)
        place, slot = place_of(shared, TAGS[0] + struct.pack("I", 5))
        real, looks = reader._bucket, []

        def bucket(memory: object, at: int) -> tuple[object, ...]:
            if at == place:
                looks.append(at)
                if len(looks) == 3:  # home for its reach, the copy, and now the second look
                    shared.memory[place + 16 * slot : place + 16 * slot + 16] = digest(9)
            return real(memory, at)  # type: ignore[arg-type]

        reader._bucket = bucket  # type: ignore[assignment]
        assert reader.number(TAGS[0], NOW) == 0
        assert len(looks) == 3


@pytest.mark.parametrize("tag", [b"", b"x" * 11, b"x" * 16])
def test_tag_of_another_length(tag: bytes) -> None:
    """A tag of another length is a mistake of the caller."""
    with denylist() as (writer, reader, _):
        with pytest.raises(struct.error):
            reader.number(tag, NOW)
        with pytest.raises(struct.error):
            writer.raise_number(tag, 1, LATER, NOW)


def test_vouching() -> None:
    """A new list is vouched for by nobody; times are whole seconds, never later than said, and there is for ever."""
    with denylist() as (writer, reader, _):
        assert reader.vouched_until == 0
        for said, kept in ((NOW + 0.9, NOW), (float("inf"), 2**32 - 1), (-5.0, 0)):
            writer.vouch(said)
            assert reader.vouched_until == kept


def test_vouching_and_adding_leave_each_other_alone() -> None:
    """Both are in one word: who adds keeps what was vouched for, who vouches the epoch, and after the last comes 1."""
    with denylist() as (writer, reader, shared):
        writer.vouch(NOW)
        writer.add(digest(1), LATER, NOW)
        assert (reader.epoch, reader.vouched_until) == (1, NOW)
        writer.vouch(float("inf"))
        assert (reader.epoch, reader.vouched_until) == (1, 2**32 - 1)
        struct.pack_into("Q", shared.memory, 0, 2**64 - 1)
        writer.add(digest(2), LATER, NOW)
        assert (reader.epoch, reader.vouched_until) == (1, 2**32 - 1)
