"""Hashing many byte strings at once, in this process or in several.

    caller                                                   worker, as many as HASH_PROCESSOR_WORKERS
    HashPool.hash_many(algorithm, data, offsets)
      └─ Batch: data, offsets ──> shared memory ──── its descriptor, "rows 0 to n" ──> hash_rows
                digests       <── shared memory <─── "done" ───────────────────────── into its rows

Rules of this package:

1. Strings are one buffer and offsets: row ``i`` is ``data[offsets[i]:offsets[i + 1]]``. Digests are a numpy array.
2. What is hashed is not pickled, and not copied between processes: they share the memory that holds it.
3. A worker that is killed, or says nothing, costs its part being done again by the caller, and nothing else.
4. xxHash and FNV-1a are for tables and for finding what changed: anybody can make two strings that collide. What must
   withstand an attacker is keyed BLAKE2b.
"""
