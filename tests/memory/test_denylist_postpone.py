"""Entries that end later than they did: all of them, and none is lost."""

import math
import os

from hypothesis import given
from hypothesis import strategies as st

from sidecar.memory import segment
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_layout import NEVER, budget
from sidecar.memory.denylist_writer import DenylistWriter

NOW = 1000.0


@given(st.lists(st.integers(1001, 5000) | st.just(NEVER), max_size=40), st.floats(0, 1e10) | st.just(math.inf))
def test_all_end_later(ends: list[int], seconds: float) -> None:
    """Each is on the list up to its end and so many seconds, rounded up, and not longer; what never ends stays so."""
    digests = [os.urandom(16) for _ in ends]
    with segment.create(segment.pages(budget(100))) as shared, DenylistWriter(shared) as writer:
        for digest, end in zip(digests, ends, strict=True):
            writer.add(digest, end, NOW)
        before = writer.epoch
        writer.postpone(seconds)
        with Denylist(shared) as reader:
            assert reader.entries == len(ends)
            assert reader.epoch > before
            for digest, end in zip(digests, ends, strict=True):
                later = NEVER if end == NEVER or math.isinf(seconds) else min(NEVER, end + math.ceil(seconds))
                assert reader.contains(digest, later - 1)
                assert not reader.contains(digest, later)


def test_what_was_over_is_in_force_again() -> None:
    """An entry that has ended and was not erased yet is on the list once more."""
    digest = os.urandom(16)
    with segment.create(segment.pages(budget(10))) as shared, DenylistWriter(shared) as writer:
        writer.add(digest, NOW + 1, NOW)
        with Denylist(shared) as reader:
            assert not reader.contains(digest, NOW + 5)
            writer.postpone(10.0)
            assert reader.contains(digest, NOW + 5)
