"""``/denials`` of the administration."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.cases.asked import prepared_of
from sidecar.memory import segment
from sidecar.memory.recent import RecentRing, size
from sidecar.runtime.control.denials import Denials
from support.tokens import NOW
from support.trusts import trust


@pytest.fixture
def rings() -> Iterator[list[RecentRing]]:
    """Give the rings of two servers."""
    with segment.create(segment.pages(size(2))) as shared:
        yield [RecentRing(shared, number) for number in range(2)]


def _get(rings: list[RecentRing]) -> dict[str, Any]:
    async def ask() -> bytes:
        return (await Denials(rings).route().handle(b"")).body

    found: dict[str, Any] = json.loads(asyncio.run(ask()))
    return found


def _put(ring: RecentRing, second: int, **fields: object) -> None:
    record = {"time": f"2026-01-01T12:00:{second:02}.000000Z", "method": "GET", "host": "a", "path": "/"} | fields
    ring.put(json.dumps({name: value for name, value in record.items() if value is not None}).encode())


def test_newest_first(rings: list[RecentRing]) -> None:
    """Those of all servers are in one list, by their times; of those of one moment the last one told is first."""
    for second, ring in ((1, 0), (3, 1), (2, 0), (5, 1)):
        _put(rings[ring], second, reason=str(second))
    _put(rings[1], 5, reason="5 again")
    found = _get(rings)
    assert [one["reason"] for one in found["denials"]] == ["5 again", "5", "3", "2", "1"]
    assert "/explain" in found["how"]


def test_nothing_yet(rings: list[RecentRing]) -> None:
    """There may be none."""
    assert _get(rings)["denials"] == []


def test_what_explain_takes(rings: list[RecentRing]) -> None:
    """What stands beside a denial is what POST /explain takes."""
    _put(rings[0], 1, method="POST", path="/orders/1", address="192.0.2.7")
    (found,) = _get(rings)["denials"]
    assert found["explain"] == {
        "request": {"method": "POST", "host": "a", "path": "/orders/1", "source": {"address": "192.0.2.7"}}
    }
    assert prepared_of(found["explain"], trust(), NOW).raw


@pytest.mark.parametrize(
    "fields",
    [
        {"path": "***"},
        {"path": "/a/***"},
        {"host": "hash:0123"},
        {"method": None, "host": None},
        {"path": "/a…"},
    ],
)
def test_what_cannot_be_asked(rings: list[RecentRing], fields: dict[str, object]) -> None:
    """Of a request that is not told as it was nothing can be asked."""
    _put(rings[0], 1, **fields)
    (found,) = _get(rings)["denials"]
    assert "explain" not in found


def test_an_address_that_is_masked(rings: list[RecentRing]) -> None:
    """The rest can be asked about without the client's address."""
    _put(rings[0], 1, address="***")
    (found,) = _get(rings)["denials"]
    assert found["explain"] == {"request": {"method": "GET", "host": "a", "path": "/"}}
