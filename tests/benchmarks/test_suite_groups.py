"""What the groups measure, at a size that says nothing: every line has a value, and answers are right by assertion.

Those that start a sidecar take too long: of them one is run, and what they have in common is looked at by itself.
"""

import asyncio
import math

import pytest

from suite.given import http_load
from suite.given.caching import ideal_hits, zipf
from suite.groups import memory
from suite.run import run
from suite.size import TINY
from suite.statistics import Line
from suite.worker import measured

#: Of these none forks, or starts a sidecar.
HERE = (
    "check",
    "policy",
    "verify",
    "sign",
    "hashing",
    "cache",
    "hit_ratio",
    "denylist",
    "revocation",
    "cel",
    "library",
)
APART = ("verify_pool", "sign_pool", "telling", "attack")


def well_formed(lines: list[Line]) -> None:
    """See that each has values, a name of its own, and all of its baseline or none."""
    assert lines
    assert len({one.name for one in lines}) == len(lines)
    for one in lines:
        assert all(math.isfinite(value) and value >= 0 for value in (*one.values, *one.baseline_values)), one
        assert bool(one.against) is bool(one.baseline_values) is (one.ratio is not None), one
        assert one.what
        assert one.unit.shown(one.value)


@pytest.mark.parametrize("name", HERE)
def test_a_group_has_a_value_for_every_line(name: str) -> None:
    """In this process."""
    well_formed(measured(name, TINY))


@pytest.mark.parametrize("name", APART)
def test_a_worker_has_a_value_for_every_line(name: str) -> None:
    """In a process of its own, as the suite runs them."""
    lines = []
    for one in run([name], TINY, lambda _: None):
        assert isinstance(one, Line), one
        lines.append(one)
    well_formed(lines)


def test_next_to_nothing_is_kept_of_a_check() -> None:
    """And a token that is remembered takes more than nothing."""
    remembered, kept, meanwhile = memory._core(50)
    assert kept < meanwhile < remembered
    assert memory._shared(TINY)() >= 512


def test_an_ideal_cache_forgets_what_was_used_longest_ago() -> None:
    """The second half of the requests counts."""
    assert ideal_hits(2, [1, 2, 1, 2]) == 2
    assert ideal_hits(2, [1, 2, 3, 1, 2, 3]) == 0
    assert ideal_hits(3, [1, 2, 3, 1, 2, 3]) == 3


def test_popular_keys_are_asked_for_more_often() -> None:
    """The first twice as often as the second (Zipf)."""
    asked = zipf(10, 20_000)
    assert asked == zipf(10, 20_000)
    assert 1.8 < asked.count(0) / asked.count(1) < 2.2


def test_a_request_counts_from_when_it_was_due() -> None:
    """All are sent though one connection can have one answer at a time, and none twice."""
    answered = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        while await reader.read(1):
            answered += 1
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n")
        writer.close()

    async def asked() -> list[float]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            return await http_load.keep_time(server.sockets[0].getsockname()[1], [b"a", b"b"], 1000.0, 0.02, 3)

    latencies = asyncio.run(asked())
    assert len(latencies) == answered == 20
    assert all(latency > 0 for latency in latencies)
