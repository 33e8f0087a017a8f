"""What is told of each check: metrics always, others where there are any, and none of them costs the answer."""

import logging

import pytest

from sidecar.core.decision import Denial
from sidecar.core.needs import Decided
from sidecar.core.reason import Reason
from sidecar.memory import segment
from sidecar.memory.counters import CounterTable, Row, size
from sidecar.observe.checks import with_reason
from sidecar.observe.series import CHECK_DURATION, SCHEMA
from sidecar.runtime.serving.observing import observer_of

_DENIED = Decided(Denial(Reason.TOKEN_EXPIRED), b"")
_Told = tuple[Decided, float, bytes, bool]
_WAITED, _AT_ONCE = True, False


@pytest.fixture
def row() -> Row:
    """Give the row of a process."""
    made = segment.create(segment.pages(size(SCHEMA, 1)))
    return CounterTable(made, SCHEMA, 1).row(0)


def test_each_check_is_counted(row: Row) -> None:
    """By its reason, and in the histogram."""
    observer_of(row)(_DENIED, 0.25, b"", _AT_ONCE)
    totals = row.read()
    assert with_reason(totals.labelled, Reason.TOKEN_EXPIRED) == sum(totals.labelled.values()) == 1
    assert totals.histograms[CHECK_DURATION].sum == 0.25


def test_watchers_are_told_the_same(row: Row) -> None:
    """All of them, in their order, of what was counted too."""
    told: list[_Told] = []
    observe = observer_of(row, [lambda *one: told.append(one), lambda *one: told.append(one)])
    observe(_DENIED, 0.5, b"asked", _WAITED)
    assert told == [(_DENIED, 0.5, b"asked", _WAITED)] * 2
    assert sum(row.read().labelled.values()) == 1


def test_a_watcher_that_fails_takes_nothing_along(row: Row, caplog: pytest.LogCaptureFixture) -> None:
    """It is said in the log, without what was asked; those after it are told."""
    told: list[_Told] = []

    def broken(*_: object) -> None:
        raise ValueError

    with caplog.at_level(logging.ERROR):
        observer_of(row, [broken, lambda *one: told.append(one)])(_DENIED, 0.5, b"secret", _AT_ONCE)
    assert len(told) == len(caplog.records) == 1
    assert "secret" not in caplog.text
