"""Shared-memory structures: a segment, and what lives in one.

Rules of this package:

1. It knows nothing of tokens: keys are digests, values are bytes. It imports the standard library and xxhash alone;
   and numpy in `denylist_fill`, `denylist_table` and `denylist_writer`.
2. No locks, and no clock: ``now`` (seconds since the epoch, float) is an argument.
3. Any process may be killed at any instruction. What it left behind is a miss, never a wrong value.
4. Memory that others write to is believed only after it was copied and its checksum found good.
5. Nothing in shared memory is ever pickled.
"""
