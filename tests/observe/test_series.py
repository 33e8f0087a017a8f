"""What is counted: every series has one index, and no two share one."""

import pytest

from sidecar.core.reason import ALWAYS_ENFORCED, OUTCOMES, Reason
from sidecar.memory.labelled_layout import OTHER
from sidecar.observe import (
    forward_auth_meter,
    hook_meter,
    hook_series,
    log_meter,
    pool_meter,
    process_meter,
    series,
    span_meter,
    transport_meter,
)
from sidecar.observe.family import Family
from sidecar.observe.series import SCHEMA


def test_every_counter_has_one_index() -> None:
    """Whatever is counted, it is counted in a cell of its own, and no cell is without a name for it."""
    indices = [
        *series.LOOKUP.values(),
        *series.EVICTION.values(),
        *series.VERIFICATION.values(),
        series.SHED,
        *series.ASSERTION.values(),
        *series.RELOAD.values(),
        *series.INTROSPECTION.values(),
        *series.REVOCATION.values(),
        *(*hook_meter.HOOK_CALL, *hook_meter.HOOK_RESULT.values(), *hook_meter.HOOK_KEPT, *hook_meter.HOOK_MOVED),
        *pool_meter.POOL_COMPLETED.values(),
        *pool_meter.POOL_FAILED.values(),
        *pool_meter.POOL_BUSY.values(),
        *(transport_meter.ACCEPTED, transport_meter.STREAM),
        *transport_meter.LIMIT.values(),
        *transport_meter.FAULT.values(),
        *transport_meter.RESET.values(),
        *transport_meter.GRPC_ERROR.values(),
        process_meter.CPU_TIME,
        *log_meter.LOG_RECORD.values(),
        *span_meter.SPAN.values(),
        forward_auth_meter.ACCEPTED,
        *forward_auth_meter.REQUEST.values(),
        *forward_auth_meter.LIMIT.values(),
    ]
    assert sorted(indices) == list(range(len(SCHEMA.counters)))
    assert len(set(SCHEMA.counters)) == len(SCHEMA.counters)


def of_outcome(outcome: str) -> set[str]:
    """Return the reasons of checks that came to it."""
    return {reason for found, reason, *_ in SCHEMA.labelled.fixed if found == outcome}


def test_every_reason_is_counted() -> None:
    """No way a check can end goes uncounted; those that allow are counted as such."""
    assert of_outcome("allowed") | of_outcome("denied") == set(Reason) - {Reason.DRY_RUN}
    reasons = [Reason.ALLOWED, Reason.PUBLIC_PATH, Reason.CORS_PREFLIGHT, Reason.ALLOWED_BY_DEFAULT]
    assert of_outcome("allowed") == {*reasons, Reason.ALLOWED_BY_HOOK}


def test_every_ending_has_room() -> None:
    """Of each there is a counter without names, and one for all those that there is no room for."""
    endings = {labels[:2] for labels in SCHEMA.labelled.fixed}
    assert set(SCHEMA.labelled.fixed) == {
        (*ending, *names) for ending in endings for names in (("", ""), (OTHER, OTHER))
    }
    assert len(set(SCHEMA.labelled.fixed)) == len(SCHEMA.labelled.fixed)


def test_hooks_have_a_histogram_each() -> None:
    """Each hook has a histogram of its own, and no two histograms are one."""
    assert [SCHEMA.histograms[index] for index in hook_meter.HOOK_DURATION] == list(hook_series.DURATIONS.schemas)
    others = (*pool_meter.POOL_WAIT.values(), *pool_meter.POOL_BATCH.values(), process_meter.LOOP_LAG)
    indices = sorted((series.CHECK_DURATION, *hook_meter.HOOK_DURATION, *others))
    assert indices == list(range(len(SCHEMA.histograms)))


def test_what_would_be_denied_is_counted() -> None:
    """Whatever global dry run lets pass is counted by why it would have been denied, and nothing else is."""
    denies = {reason for reason in Reason if OUTCOMES[reason].status != 200}
    assert of_outcome(series.WOULD_DENY) == denies - ALWAYS_ENFORCED


def test_index_names_its_series() -> None:
    """The index and the name in the schema are of the same series."""
    assert SCHEMA.counters[series.LOOKUP[series.Tier.L2, series.Lookup.TORN]] == "authz_cache_lookups/l2/torn"
    assert SCHEMA.histograms[series.CHECK_DURATION] is series.DURATION


def test_unknown_series_is_an_error() -> None:
    """Nobody can count what is not in the schema."""
    with pytest.raises(KeyError):
        series.index_of(Family("authz_checks", "", (), ()), "allowed", "because")
