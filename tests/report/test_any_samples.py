"""Whatever samples there are: a report comes of them, no rate is negative, and its JSON says the same."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.report.build import report
from sidecar.report.model import Report
from sidecar.report.sample import (
    Counts,
    Histogram,
    HookTotals,
    MachineTotals,
    Moment,
    PoolTotals,
    ProcessTotals,
    Sample,
)
from sidecar.report.standing import BundleStanding, KeySetStanding, RevocationStanding
from sidecar.report.wire import decode, encode
from support.reports import LIMITS, NAMES, moment

_COUNT = st.integers(0, 2**64 - 1)
_SECONDS = st.floats(0, 1e12)
_SOME_SECONDS = st.none() | _SECONDS


def _counts(*names: str) -> st.SearchStrategy[Counts]:
    keys = st.sampled_from([("allowed", "allowed"), ("denied", "overloaded"), *((name, "hit") for name in names)])
    return st.dictionaries(keys | st.tuples(st.sampled_from(names or ("a",)), st.sampled_from(["miss", "x"])), _COUNT)


@st.composite
def _histograms(draw: st.DrawFn) -> Histogram:
    bounds = draw(st.sampled_from([(), (0.1,), (0.001, 0.01, 0.1)]))
    return Histogram(bounds, draw(st.tuples(*[_COUNT] * (len(bounds) + 1))), draw(_SECONDS))


_POOLS = st.builds(
    PoolTotals, _COUNT, _COUNT, _SOME_SECONDS, st.none() | _histograms(), st.none() | _COUNT, st.none() | _COUNT
)
_HOOKS = st.builds(
    HookTotals, _COUNT, _COUNT, st.dictionaries(st.sampled_from(["deny", "failed"]), _COUNT), _histograms(), _COUNT
)
_SAMPLES = st.builds(
    Sample,
    at=st.floats(0, 2000),
    checks=_counts("denied", "would_deny"),
    durations=_histograms(),
    lookups=_counts("l1", "l2"),
    evictions=st.dictionaries(st.sampled_from(["l1", "l2"]), _COUNT),
    verifications=_counts("pool", "inline"),
    shed=_COUNT,
    events=_counts("reloads", "introspections"),
    pools=st.dictionaries(st.sampled_from(["verifier", "hook", "minter", "hash"]), _POOLS),
    hooks=st.dictionaries(st.sampled_from(["mine:hook", "other:hook"]), _HOOKS),
    processes=st.dictionaries(
        st.sampled_from(NAMES), st.builds(ProcessTotals, st.none() | st.integers(0, 2**32), _SOME_SECONDS)
    ),
    loop_lag=st.none() | _histograms(),
    machine=st.none() | st.builds(MachineTotals, _SECONDS, _SECONDS),
)


@st.composite
def _moments(draw: st.DrawFn) -> Moment:
    found = moment()
    setup = replace(
        found.setup,
        multiprocessing=draw(st.booleans()),
        servers=draw(st.integers(0, 300)),
        verifiers=draw(st.integers(0, 300)),
        hook_workers=draw(st.integers(0, 64)),
        cpus=draw(st.none() | st.floats(0, 1000)),
        memory_limit_bytes=draw(st.none() | _COUNT),
        local_entries=draw(st.integers(0, 10**6)),
        dry_run=draw(st.booleans()),
        hook_limits=draw(st.dictionaries(st.sampled_from(["mine:hook", "other:hook"]), st.floats(0, 10))),
    )
    some = st.none() | st.floats(-1e12, 1e12)
    return replace(
        found,
        setup=setup,
        processes=tuple(
            replace(one, up=draw(st.booleans()), crash_loop=draw(st.booleans())) for one in found.processes
        ),
        key_sets=draw(st.tuples(st.builds(KeySetStanding, st.text(), _COUNT, some, some, some, some, some))),
        revocation=draw(
            st.none()
            | st.builds(
                RevocationStanding, _COUNT, _COUNT, some, st.booleans(), st.none() | st.booleans(), some, _COUNT
            )
        ),
        bundle=draw(st.none() | st.builds(BundleStanding, st.text(), st.booleans(), st.none(), some, some, _COUNT)),
        workers=draw(st.dictionaries(st.sampled_from(["verifier", "hook"]), st.integers(0, 300))),
        memory_used_bytes=draw(st.none() | _COUNT),
    )


def _figures(value: object) -> Iterator[tuple[str, float]]:
    """Yield all numbers of a report's windows and series, by the names of their fields."""
    if not is_dataclass(value):
        return
    for field in fields(value):
        inner = getattr(value, field.name)
        if isinstance(inner, int | float):
            yield field.name, inner
        for one in inner if isinstance(inner, tuple) else (inner,):
            if isinstance(one, int | float):
                yield field.name, one
            yield from _figures(one)


def _windows_of(found: Report) -> Iterator[tuple[str, float]]:
    for one in (found.live, *found.windows, found.series):
        yield from _figures(one)


@settings(max_examples=80, deadline=None)
@given(st.lists(_SAMPLES, max_size=4), _SAMPLES, _moments())
def test_a_report_comes_of_any_samples(samples: list[Sample], now: Sample, at: Moment) -> None:
    """It never raises, in whatever order samples are and whatever went back; no figure of a window is negative."""
    found = report(samples, now, at, LIMITS)
    for name, figure in _windows_of(found):
        assert figure >= 0, name
        if name.endswith("_share") and name != "cpu_share":
            assert figure <= 1, name


@settings(max_examples=40, deadline=None)
@given(st.lists(_SAMPLES, max_size=3), _SAMPLES, _moments())
def test_json_says_the_same(samples: list[Sample], now: Sample, at: Moment) -> None:
    """What is written as JSON is read back as it was."""
    found = report(samples, now, at, LIMITS)
    assert decode(encode(found)) == found
