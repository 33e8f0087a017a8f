"""A server that may never have to ask an issuer: what that takes comes when it has to."""

import asyncio
from hashlib import blake2b
from pathlib import Path

import pytest

from sidecar.core.introspection import Introspection
from sidecar.core.needs import Decided, Introspect, Introspected
from sidecar.memory import segment
from sidecar.memory.counters import CounterTable, Row, size
from sidecar.observe.series import INTROSPECTION, SCHEMA
from sidecar.observe.series import Introspection as Ended
from sidecar.runtime.serving.introspecting import Introspecting
from support.issuers import serving_issuer
from support.trusts import trust


def _need(introspection: Introspection, token: bytes) -> Introspect:
    def never(_answer: Introspected, _now: float) -> Decided:
        raise AssertionError

    return Introspect(blake2b(token, digest_size=32).digest(), bytes(32), introspection, token, never)


@pytest.fixture
def row() -> Row:
    """Give the row of a process."""
    return CounterTable(segment.create(segment.pages(size(SCHEMA, 1))), SCHEMA, 1).row(0)


def test_asks_though_nobody_was_to_be_asked_at_first(tmp_path: Path, row: Row) -> None:
    """As after a reload that brings the first such issuer: questions at once, each answered and counted once."""

    async def work() -> list[Introspected]:
        async with serving_issuer(tmp_path) as issuer:
            asking = Introspecting(tmp_path, row, trust())
            try:
                questions = (_need(issuer.introspection(), b"token-%d" % number) for number in range(3))
                return await asyncio.gather(*map(asking.introspect, questions))
            finally:
                await asking.close()

    answers = asyncio.run(asyncio.wait_for(work(), 60))
    assert all(one.body is not None for one in answers)
    assert row.read().counters[INTROSPECTION[Ended.ANSWERED]] == len(answers)


def test_closing_without_a_question(tmp_path: Path, row: Row) -> None:
    """There is nothing to close."""
    asyncio.run(Introspecting(tmp_path, row, trust()).close())
    assert sum(row.read().counters) == 0
