"""Whatever samples there are: a report comes of them, no rate is negative, and its JSON says the same."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from random import Random

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

_BOUNDS = ((), (0.1,), (0.001, 0.01, 0.1))
_REASONS = ("allowed", "overloaded", "bad_signature", "unknown_key", "deadline_exceeded", "envoy_config_stale", "?")


_OUTCOMES = ("allowed", "denied", "would_deny")


class _Anything:
    """Values of all that a sample or a moment has, at the ends of their ranges more often than in between.

    Drawn from one number: hypothesis would take seconds for as many choices of its own.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - the same each time

    def count(self) -> int:
        return self._random.choice((0, 1, 99, 100, 10_000, self._random.getrandbits(33), 2**64 - 1))

    def seconds(self) -> float:
        return self._random.choice((0.0, 1e-9, 0.004, 5.0, 600.0, self._random.uniform(0, 2000), 1e12))

    def signed(self) -> float | None:
        return self._random.choice((None, self.seconds(), -self.seconds()))

    def some_seconds(self) -> float | None:
        return self._random.choice((None, self.seconds()))

    def some_count(self) -> int | None:
        return self._random.choice((None, self.count()))

    def so(self) -> bool:
        return self._random.random() < 0.5

    def counts(self, kinds: tuple[str, ...], ends: tuple[str, ...]) -> Counts:
        return {(kind, end): self.count() for kind in kinds for end in ends if self.so()}

    def histogram(self) -> Histogram:
        bounds = self._random.choice(_BOUNDS)
        return Histogram(bounds, tuple(self.count() for _ in range(len(bounds) + 1)), self.seconds())

    def some_histogram(self) -> Histogram | None:
        return self.histogram() if self.so() else None

    def pool(self) -> PoolTotals:
        rest = self.some_seconds(), self.some_histogram(), self.some_count(), self.some_count()
        return PoolTotals(self.count(), self.count(), *rest)

    def hook(self) -> HookTotals:
        results = {name: self.count() for name in ("deny", "failed", "timeout") if self.so()}
        return HookTotals(self.count(), self.count(), results, self.histogram(), self.count())

    def sample(self) -> Sample:
        return Sample(
            at=self._random.choice((0.0, 5.0, 10.0, 300.0, self._random.uniform(0, 2000))),
            checks=self.counts(("allowed", "denied", "would_deny"), _REASONS),
            durations=self.histogram(),
            lookups=self.counts(("l1", "l2"), ("hit", "miss", "expired", "torn")),
            evictions={tier: self.count() for tier in ("l1", "l2") if self.so()},
            verifications=self.counts(("pool", "inline"), ("valid", "invalid", "late")),
            shed=self.count(),
            events=self.counts(("reloads", "introspections"), ("ok", "refused", "answered", "failed")),
            pools={name: self.pool() for name in ("verifier", "hook", "minter", "hash") if self.so()},
            hooks={name: self.hook() for name in ("mine:hook", "other:hook") if self.so()},
            processes={name: ProcessTotals(self.some_count(), self.some_seconds()) for name in NAMES if self.so()},
            issuers=self.counts(("https://idp.example", ""), _OUTCOMES),
            policies=self.counts(tuple(map(str, range(60))), _OUTCOMES),
            loop_lag=self.some_histogram(),
            machine=MachineTotals(self.seconds(), self.seconds()) if self.so() else None,
        )

    def moment(self) -> Moment:
        found = moment()
        setup = replace(
            found.setup,
            multiprocessing=self.so(),
            servers=self._random.choice((0, 1, 2, 300)),
            verifiers=self._random.choice((0, 1, 2, 300)),
            hook_workers=self._random.choice((0, 1, 64)),
            cpus=self.some_seconds(),
            memory_limit_bytes=self.some_count(),
            local_entries=self._random.choice((0, 4096, 10**6)),
            dry_run=self.so(),
            hook_limits={name: self.seconds() for name in ("mine:hook", "other:hook") if self.so()},
        )
        counted = self.count(), self.count(), self.signed(), self.so()
        feed = self._random.choice((None, True, False)), self.signed(), self.count()
        times = self.signed(), self.signed(), self.signed(), self.some_count(), self.signed()
        return replace(
            found,
            setup=setup,
            processes=tuple(replace(one, up=self.so(), crash_loop=self.so()) for one in found.processes),
            key_sets=(KeySetStanding("https://idp.example", self.count(), *times),),
            revocation=RevocationStanding(*counted, *feed) if self.so() else None,
            bundle=BundleStanding("b", self.so(), None, self.signed(), None, self.count()) if self.so() else None,
            workers={name: self._random.choice((0, 1, 300)) for name in ("verifier", "hook") if self.so()},
            memory_used_bytes=self.some_count(),
        )

    def report(self) -> Report:
        samples = [self.sample() for _ in range(self._random.randrange(5))]
        return report(samples, self.sample(), self.moment(), LIMITS)


def _figures(value: object) -> Iterator[tuple[str, float]]:
    """Yield all numbers of a report's windows and series, by the names of their fields."""
    if not is_dataclass(value):
        return
    for field in fields(value):
        inner = getattr(value, field.name)
        for one in inner if isinstance(inner, tuple) else (inner,):
            if isinstance(one, int | float):
                yield field.name, one
            yield from _figures(one)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**64))
def test_a_report_comes_of_any_samples(seed: int) -> None:
    """It never raises, in whatever order samples are and whatever went back; no figure of a window is negative."""
    found = _Anything(seed).report()
    for part in (found.live, *found.windows, found.series):
        for name, figure in _figures(part):
            assert figure >= 0, name
            # A process may take several CPUs.
            assert not name.endswith("_share") or name == "cpu_share" or figure <= 1, name


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**64))
def test_json_says_the_same(seed: int) -> None:
    """What is written as JSON is read back as it was."""
    found = _Anything(seed).report()
    assert decode(encode(found)) == found
