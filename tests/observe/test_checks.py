"""Checks in the metrics: each once, under names that the configuration has given."""

from collections.abc import Iterator
from math import inf, nan

import pytest

from sidecar.core.decision import Denial, Permit, Trial
from sidecar.core.needs import Decided
from sidecar.core.reason import Reason
from sidecar.memory import segment
from sidecar.memory.counters import CounterTable, Row, size
from sidecar.memory.labelled_layout import OTHER, Labels
from sidecar.observe.checks import counting, labels_of, with_reason
from sidecar.observe.series import CHECK_DURATION, MOST_CHECKS, SCHEMA
from support.identities import identity
from support.tokens import ISSUER

_WAITED = True


@pytest.fixture
def shared() -> Iterator[segment.Segment]:
    """Give the memory of one process."""
    with segment.create(segment.pages(size(SCHEMA, 1))) as made:
        yield made


@pytest.fixture
def row(shared: segment.Segment) -> Iterator[Row]:
    """Give its row."""
    with CounterTable(shared, SCHEMA, 1) as table:
        yield table.row(0)


def counted(row: Row) -> dict[Labels, int]:
    """Return what was counted at all."""
    return {labels: count for labels, count in row.read().labelled.items() if count}


def allowed(policy: str | None = "orders", **changes: object) -> Decided:
    """Return an answer that allows."""
    return Decided(Permit(Reason.ALLOWED, identity(**changes), policy), b"")


_TRIAL = Trial(allowed=False, reason=Reason.NO_POLICY_ALLOWS, policy="tried")


@pytest.mark.parametrize(
    ("decided", "labels"),
    [
        (allowed(), ("allowed", "allowed", ISSUER, "orders")),
        (Decided(Permit(Reason.PUBLIC_PATH, None, None), b""), ("allowed", "public_path", "", "")),
        (Decided(Denial(Reason.DENIED_BY_POLICY, "p"), b"", ISSUER), ("denied", "denied_by_policy", ISSUER, "p")),
        (Decided(Denial(Reason.NO_CREDENTIAL), b""), ("denied", "no_credential", "", "")),
        (Decided(Denial(Reason.TOKEN_EXPIRED), b"", ISSUER), ("denied", "token_expired", ISSUER, "")),
        # In global dry run: an identity, and nobody's with a token that was refused.
        (
            Decided(Permit(Reason.DRY_RUN, identity(), None, (), _TRIAL), b""),
            ("would_deny", "no_policy_allows", ISSUER, "tried"),
        ),
        (
            Decided(Permit(Reason.DRY_RUN, None, None, (), _TRIAL._replace(policy=None)), b"", ISSUER),
            ("would_deny", "no_policy_allows", ISSUER, ""),
        ),
        # A policy that is tried changes nothing.
        (
            Decided(Permit(Reason.ALLOWED, identity(), "orders", (), _TRIAL), b""),
            ("allowed", "allowed", ISSUER, "orders"),
        ),
    ],
)
def test_labels(decided: Decided, labels: Labels) -> None:
    """How it ended, whose token it was and which policy decided; what is not known is empty."""
    assert labels_of(decided) == labels


def test_each_check_is_counted(row: Row) -> None:
    """Once by its labels, and once by how long it took."""
    count = counting(row)
    for seconds in (0.25, 0.5, 0.00001):
        count(allowed(), seconds, b"", not _WAITED)
    count(allowed("others"), 2.0, b"", _WAITED)
    assert counted(row) == {("allowed", "allowed", ISSUER, "orders"): 3, ("allowed", "allowed", ISSUER, "others"): 1}
    seen = row.read().histograms[CHECK_DURATION]
    assert (sum(seen.buckets), seen.buckets[0], seen.buckets[-1]) == (4, 1, 1)
    assert seen.sum == pytest.approx(2.75001)


def test_an_answer_that_is_kept_is_looked_up_once(row: Row) -> None:
    """It knows where it was counted, and goes on being counted there."""
    count, kept = counting(row), allowed()
    assert kept.counted_at == -1
    for _ in range(5):
        count(kept, 0.0, b"", not _WAITED)
    assert kept == allowed()  # that is nothing of the answer
    assert kept.counted_at == row.labelled.number(labels_of(kept))
    assert counted(row) == {labels_of(kept): 5}


@pytest.mark.parametrize("seconds", [-1.0, nan, inf])
def test_a_clock_that_is_broken_costs_no_count(row: Row, seconds: float) -> None:
    """The check is counted; a sum of seconds never goes back, nor is it spoilt for ever."""
    counting(row)(allowed(), seconds, b"", not _WAITED)
    assert counted(row) == {labels_of(allowed()): 1}
    assert row.read().histograms[CHECK_DURATION].sum == 0


def test_beyond_the_room_all_are_counted_together(row: Row) -> None:
    """By how they ended, still; who had a counter before keeps it."""
    count = counting(row)
    for number in range(MOST_CHECKS + 10):
        count(allowed(f"policy-{number}"), 0.0, b"", not _WAITED)
    count(Decided(Denial(Reason.DENIED_BY_POLICY, "late"), b"", ISSUER), 0.0, b"", not _WAITED)
    count(allowed("policy-0"), 0.0, b"", not _WAITED)
    count(Decided(Denial(Reason.NO_CREDENTIAL), b""), 0.0, b"", not _WAITED)
    found = counted(row)
    assert found["allowed", "allowed", OTHER, OTHER] == 10
    assert found["denied", "denied_by_policy", OTHER, OTHER] == 1
    assert found["allowed", "allowed", ISSUER, "policy-0"] == 2
    assert found["denied", "no_credential", "", ""] == 1
    assert sum(found.values()) == MOST_CHECKS + 13


def test_the_next_incarnation_goes_on(shared: segment.Segment) -> None:
    """With the same counters, though it asks for them in another order."""
    for policies in (("a", "b"), ("b", "c", "a")):
        with CounterTable(shared, SCHEMA, 1) as table:
            count = counting(table.row(0))
            for policy in policies:
                count(allowed(policy), 0.0, b"", not _WAITED)
    with CounterTable(shared, SCHEMA, 1) as table:
        found = counted(table.row(0))
    assert {labels[-1]: number for labels, number in found.items()} == {"a": 2, "b": 2, "c": 1}


def test_by_reason(row: Row) -> None:
    """All of one reason, whoever's."""
    count = counting(row)
    for whose in (None, ISSUER, ISSUER):
        count(Decided(Denial(Reason.TOKEN_EXPIRED), b"", whose), 0.0, b"", not _WAITED)
    count(allowed(), 0.0, b"", not _WAITED)
    assert with_reason(row.read().labelled, Reason.TOKEN_EXPIRED) == 3
