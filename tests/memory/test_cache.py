"""What the shared cache remembers, and what it forgets first."""

import math
import os

import pytest

from memory.caches import LATER, NOW, SEED, cache, key, placed_key
from sidecar.memory import segment
from sidecar.memory.cache import SharedCache
from sidecar.memory.counts import CacheCounts
from sidecar.memory.layout import Entry


@pytest.mark.parametrize("length", [0, 1, 455, 456, 457, 896, 897, 1344, 1345, 1792])
def test_found_as_it_was_put(length: int) -> None:
    """A value of any length up to four slots' is found, byte for byte, with its expiry."""
    value = bytes(number % 251 for number in range(length))
    with cache() as (shared, _):
        assert shared.put(key(1), value, LATER, NOW)
        assert shared.get(key(1), NOW) == Entry(value, LATER, negative=False)
        assert shared.counts == CacheCounts(hits=1)


def test_too_large_is_not_cached() -> None:
    """A value that is too large is not cached, and what was there for its key is forgotten."""
    with cache() as (shared, _):
        assert shared.put(key(1), b"old", LATER, NOW)
        assert not shared.put(key(1), bytes(shared.max_value_bytes + 1), LATER, NOW)
        assert shared.get(key(1), NOW) is None


@pytest.mark.parametrize("slot_bytes", [0, 64, 500, 65600])
def test_slots_are_lines(slot_bytes: int) -> None:
    """A slot is a multiple of 64 bytes that its header fits into and its length field can tell."""
    with segment.create(1 << 20) as shared, pytest.raises(ValueError, match="multiple of 64"):
        SharedCache(shared, SEED, slot_bytes)


def test_larger_slots_for_larger_values() -> None:
    """Where identities are large, slots can be made larger."""
    with segment.create(1 << 20) as shared:
        large = SharedCache(shared, SEED, 1024)
        assert large.max_value_bytes == 4 * (1024 - 64)
        assert large.put(key(1), b"v" * 3840, LATER, NOW)
        assert large.get(key(1), NOW) == Entry(b"v" * 3840, LATER, negative=False)


def test_too_small_a_segment_is_refused() -> None:
    """A segment without room for eight slots of each kind is refused, not filled with less."""
    with segment.create(4096) as shared, pytest.raises(ValueError, match="too few"):
        SharedCache(shared, SEED)


@pytest.mark.parametrize("now", [LATER, LATER + 1, math.inf, math.nan])
def test_expired_is_a_miss(now: float) -> None:
    """An entry is found before its expiry and not from then on, nor at a time that is no time."""
    with cache() as (shared, _):
        shared.put(key(1), b"v", LATER, NOW)
        assert shared.get(key(1), math.nextafter(LATER, NOW)) is not None
        assert shared.get(key(1), now) is None
        assert shared.counts == CacheCounts(hits=1, misses=1, expired=1)


@pytest.mark.parametrize("expires_at", [NOW, NOW - 1, -math.inf, math.nan])
def test_nothing_is_put_that_is_over(expires_at: float) -> None:
    """What has expired, or has no expiry that is a number, is not cached and replaces what was."""
    with cache() as (shared, _):
        shared.put(key(1), b"v", LATER, NOW)
        assert not shared.put(key(1), b"w", expires_at, NOW)
        assert shared.get(key(1), NOW) is None


def test_two_keys_that_share_both_buckets() -> None:
    """Keys that share both buckets, and even the tag, are told apart by all of their 32 bytes."""
    first = placed_key(7, 9, 1234)
    others = [placed_key(7, 9, 1234, (1 << bit).to_bytes(16, "big")) for bit in range(128)]
    with cache(1 << 20) as (shared, _):
        shared.put(first, b"first", LATER, NOW)
        assert all(shared.get(other, NOW) is None for other in others)
        neighbour = placed_key(7, 9, 1235)
        shared.put(neighbour, b"neighbour", LATER, NOW)
        assert shared.get(first, NOW) == Entry(b"first", LATER, negative=False)
        assert shared.get(neighbour, NOW) == Entry(b"neighbour", LATER, negative=False)


def test_key_of_another_length_is_an_error() -> None:
    """A key that is not of 32 bytes is a programming error, told at once."""
    with cache() as (shared, _), pytest.raises(Exception, match="32 bytes"):
        shared.get(b"short", NOW)


def test_least_recently_used_goes_first() -> None:
    """With all eight places taken by live entries, the one that was used longest ago gives way."""
    with cache() as (shared, _):
        for number in range(8):
            shared.put(key(number), b"v", LATER, NOW + number)
        assert shared.get(key(0), NOW + 9) is not None
        shared.put(key(8), b"v", LATER, NOW + 10)
        assert [number for number in range(9) if shared.get(key(number), NOW + 11) is None] == [1]
        assert shared.counts.evictions == 1


def test_expired_are_reused_first() -> None:
    """An expired entry gives way before any live one, were it used last of all."""
    with cache() as (shared, _):
        for number in range(7):
            shared.put(key(number), b"v", LATER, NOW)
        shared.put(key(7), b"v", NOW + 5, NOW + 4)
        shared.put(key(8), b"v", LATER, NOW + 5)
        assert [number for number in range(9) if shared.get(key(number), NOW + 6) is None] == [7]
        assert shared.counts.evictions == 0


def test_age_survives_the_stamp_s_turn() -> None:
    """What was used before the stamp began anew at zero is older than what was used after."""
    turn = 2.0**32 / 16
    with cache() as (shared, _):
        for number in range(8):
            shared.put(key(number), b"v", turn + 600, turn - 4 + number)
        shared.put(key(8), b"v", turn + 600, turn + 9)
        assert [number for number in range(9) if shared.get(key(number), turn + 9) is None] == [0]


def test_negative_entries_are_bounded() -> None:
    """However many negative entries are put, no positive one goes, and they fill an eighth of the space."""
    with cache(1 << 16) as (shared, held):
        positive = [number for number in range(60) if shared.put(key(number), b"v" * 400, LATER, NOW)]
        positive = [number for number in positive if shared.get(key(number), NOW)]
        for number in range(1000, 3000):
            shared.put(key(number), b"no", LATER, NOW + 1, negative=True)
        assert all(shared.get(key(number), NOW + 2) is not None for number in positive)
        negative = [entry for number in range(1000, 3000) if (entry := shared.get(key(number), NOW + 2))]
        assert all(entry == Entry(b"no", LATER, negative=True) for entry in negative)
        assert len(negative) == shared.negative_slots == held.size // 8 // 128


@pytest.mark.parametrize("negative", [False, True])
def test_last_put_counts(negative: bool) -> None:  # noqa: FBT001 - a table
    """What was put last for a key is found, be it the positive or the negative one."""
    with cache() as (shared, _):
        shared.put(key(1), b"first", LATER, NOW, negative=not negative)
        shared.put(key(1), b"second", LATER, NOW, negative=negative)
        assert shared.get(key(1), NOW) == Entry(b"second", LATER, negative=negative)


def test_shorter_value_frees_the_rest() -> None:
    """A shorter value in place of a longer one leaves none of its slots taken."""
    with cache() as (shared, _):
        shared.put(key(1), b"long" * 400, LATER, NOW)
        shared.put(key(1), b"short", LATER, NOW)
        for number in range(2, 9):
            shared.put(key(number), b"v", LATER, NOW + 1)
        assert all(shared.get(key(number), NOW + 1) is not None for number in range(1, 9))


@pytest.mark.parametrize("negative", [False, True])
def test_discarded_is_gone(negative: bool) -> None:  # noqa: FBT001 - a table
    """What is discarded is not found, and its bytes are no longer in memory."""
    with cache() as (shared, held):
        shared.put(key(1), b"secret" * 20, LATER, NOW, negative=negative)
        assert held.memory.find(b"secretsecret") >= 0
        shared.discard(key(1))
        assert shared.get(key(1), NOW) is None
        assert held.memory.find(b"secret") == -1


def test_sweep_erases_what_expired() -> None:
    """A sweep erases the bytes of all that expired, of both kinds, and nothing else."""
    with cache() as (shared, held):
        shared.put(key(1), b"gone" * 200, NOW + 1, NOW)
        shared.put(key(2), b"gone", NOW + 1, NOW, negative=True)
        shared.put(key(3), b"stays", LATER, NOW)
        assert shared.sweep(NOW) == 0
        assert shared.sweep(NOW + 1) == 3  # two slots and one
        assert shared.sweep(NOW + 1) == 0
        assert held.memory.find(b"gone") == -1
        assert shared.get(key(3), NOW + 1) == Entry(b"stays", LATER, negative=False)


def test_another_seed_finds_nothing() -> None:
    """A process with another seed, of an earlier start say, finds nothing."""
    with cache() as (shared, held):
        shared.put(key(1), b"v", LATER, NOW)
        assert SharedCache(held, SEED + 1).get(key(1), NOW) is None
        assert SharedCache(held, SEED).get(key(1), NOW) is not None


def test_budget_is_kept_to() -> None:
    """Slots take up the whole budget but for less than a pair of buckets of each kind."""
    with cache(1 << 20) as (shared, held):
        used = shared.slots * 512 + shared.negative_slots * 128
        assert held.size - 2 * 4 * (512 + 128) < used <= held.size


def test_sweep_touches_no_page_that_nobody_wrote_to() -> None:
    """Sweeping a large cache with little in it finds that little, and takes no memory for the rest."""
    with segment.create(64 << 20) as memory:
        shared = SharedCache(memory, SEED)
        for number in range(10):
            assert shared.put(key(number), b"x", NOW + 1, NOW)
        before = os.fstat(memory.fileno()).st_blocks
        assert shared.sweep(NOW + 1) == 10
        assert os.fstat(memory.fileno()).st_blocks == before
        assert sum(end - start for start, end in memory.extents()) < 1 << 20
