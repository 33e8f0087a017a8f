"""Filling the denylist with many entries at once: all of a bucket's distance from home in one step of numpy.

    rows ── prepare: live ones, sorted by home, each digest once with its latest expiry
         ── refresh: those that are on the list already get the later expiry  ──> the missing ones
         ── place:   into free slots, first at home, then one bucket further, and so on

Rows of different shards never meet, so processes may fill a list together, each its own shards, without a lock
(``fill``). Each of the steps may be cut short by SIGKILL and done again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sidecar.memory.denylist_layout import DIGEST_BYTES, DenylistFullError, Geometry, geometry
from sidecar.memory.denylist_table import Buckets, Numbers, all_buckets, homes, shards
from sidecar.memory.segment import Segment

Digests = NDArray[np.uint8]
Expiries = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Rows:
    """What is to be on the list: digests (n, 2), expiries and homes (n), sorted by home, each digest once."""

    digests: NDArray[np.uint64]
    expiries: Expiries
    homes: Numbers

    def __len__(self) -> int:
        """Return how many."""
        return len(self.homes)

    def only(self, which: NDArray[np.bool_] | Numbers | slice) -> "Rows":
        """Return some of them."""
        return Rows(self.digests[which], self.expiries[which], self.homes[which])


def fill(segment: Segment, digests: Digests, expiries: Expiries, now: float, own: range) -> int:
    """Add those rows whose home is in one of the shards ``own``, and return how many were not on the list before.

    For several processes that fill a list together, each with shards that no other writes to meanwhile; one writer must
    ``settle`` afterwards, and only then are the entries in force. Takes and raises what ``prepare`` and ``place`` do.
    """
    measures = geometry(segment.size)
    rows = prepare(digests, expiries, now, measures, own)
    buckets = all_buckets(segment, measures)
    missing = refresh(buckets, rows, measures)
    place(buckets, missing, now, measures)
    return len(missing)


def prepare(digests: Digests, expiries: Expiries, now: float, measures: Geometry, own: range | None = None) -> Rows:
    """Return rows of ``digests`` (n, 16) and coarse ``expiries`` (n) (``coarse_all``), without what is over at ``now``.

    ``own``: those of these shards alone. Raises ``ValueError`` for other shapes or kinds of numbers.
    """
    if digests.ndim != 2 or digests.shape[1] != DIGEST_BYTES or expiries.shape != digests.shape[:1]:  # noqa: PLR2004
        raise ValueError(f"{digests.shape} digests of 16 bytes, and {expiries.shape} expiries")
    if digests.dtype != np.uint8 or expiries.dtype != np.uint32:  # a fraction would be cut off, and the entry go early
        raise ValueError(f"digests of {digests.dtype} and expiries of {expiries.dtype}: uint8 and uint32 (coarse_all)")
    words = np.ascontiguousarray(digests).view(np.uint64)
    rows = Rows(words, expiries, homes(words, measures))
    wanted = expiries > now
    if own is not None:
        size = measures.shard_buckets
        wanted &= (rows.homes >= own.start * size) & (rows.homes < own.stop * size)
    rows = rows.only(wanted)
    if not len(rows):
        return rows
    rows = rows.only(_order(rows))
    first = np.flatnonzero(np.concatenate(([True], (rows.digests[1:] != rows.digests[:-1]).any(axis=1))))
    latest: Expiries = np.maximum.reduceat(rows.expiries, first)
    return Rows(rows.digests[first], latest, rows.homes[first])


def _order(rows: Rows) -> Numbers:
    """Return the order by home, in which equal digests follow each other."""
    # A sort by one number takes a sixth of the time. It will do where no two are equal, as they seldom are.
    keys = rows.homes.astype(np.uint64) << np.uint64(32) | rows.digests[:, 1] & np.uint64(0xFFFFFFFF)
    order = np.argsort(keys)
    if (keys[order[1:]] == keys[order[:-1]]).any():
        return np.lexsort((rows.digests[:, 0], rows.digests[:, 1], rows.homes))
    return order


def refresh(buckets: Buckets, rows: Rows, measures: Geometry) -> Rows:
    """Raise the expiry of those rows that are on the list already; return the others."""
    return _joined([_refresh(shard, part) for shard, part in _by_shard(buckets, rows, measures)], rows)


def place(buckets: Buckets, rows: Rows, now: float, measures: Geometry) -> None:
    """Put rows that are not on the list into slots that are free, or over at ``now``.

    Raises ``DenylistFullError`` where a row finds none; all others of the shards before are on the list then.
    """
    for shard, part in _by_shard(buckets, rows, measures):
        _place(shard, part, now, measures.probes)


def _by_shard(buckets: Buckets, rows: Rows, measures: Geometry) -> Iterator[tuple[Buckets, Rows]]:
    """Give each shard that has rows, with these, their homes counted from its beginning: what fits into caches."""
    size = measures.shard_buckets
    bounds = np.searchsorted(rows.homes, np.arange(measures.shards + 1) * size).tolist()
    for number, shard in enumerate(shards(buckets, measures)):
        part = rows.only(slice(bounds[number], bounds[number + 1]))
        if len(part):
            yield shard, Rows(part.digests, part.expiries, part.homes - number * size)


def _refresh(shard: Buckets, rows: Rows) -> NDArray[np.bool_]:
    """Return which rows are missing."""
    missing = np.ones(len(rows), dtype=np.bool_)
    size, reach = len(shard.reach), shard.reach[rows.homes]
    for distance in range(min(int(reach.max()) + 1, size)):
        rest = np.flatnonzero(missing & (reach >= distance))
        bucket = (rows.homes[rest] + distance) % size
        same = (shard.digests[bucket] == rows.digests[rest, None]).all(axis=2) & (shard.expiries[bucket] != 0)
        found = same.any(axis=1)
        place, slot = bucket[found], same[found].argmax(axis=1)
        shard.expiries[place, slot] = np.maximum(shard.expiries[place, slot], rows.expiries[rest[found]])
        missing[rest[found]] = False
    return missing


def _joined(missing: list[NDArray[np.bool_]], rows: Rows) -> Rows:
    return rows.only(np.concatenate(missing)) if missing else rows


def _place(shard: Buckets, rows: Rows, now: float, probes: int) -> None:
    for distance in range(probes):
        placed = _place_at(shard, rows, distance, now)
        rows = rows.only(~placed)
        if not len(rows):
            return
    raise DenylistFullError(f"no free slot within {probes} buckets of {len(rows)} entries: the denylist is too small")


def _place_at(shard: Buckets, rows: Rows, distance: int, now: float) -> NDArray[np.bool_]:
    """Put what there is room for into the buckets at this distance from home; return which rows that were.

    Rows are sorted by home, so that those of one bucket follow each other: its n-th row takes its n-th free slot.
    """
    first = np.searchsorted(rows.homes, rows.homes)
    turn = np.arange(len(rows)) - first
    bucket = (rows.homes + distance) % len(shard.reach)
    free = shard.expiries[bucket] <= now
    chosen = free & (free.cumsum(axis=1) == turn[:, None] + 1)
    placed: NDArray[np.bool_] = chosen.any(axis=1)
    where, slot = bucket[placed], chosen[placed].argmax(axis=1)
    shard.digests[where, slot] = rows.digests[placed]
    shard.expiries[where, slot] = rows.expiries[placed]
    if distance:
        home = rows.homes[placed]
        shard.reach[home] = np.maximum(shard.reach[home], distance)
    return placed
