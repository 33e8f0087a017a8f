"""A report of a sidecar that is busy, for whoever shows one."""

from math import sin

from sidecar.report.figures import (
    CacheUse,
    Checks,
    HookUse,
    Latency,
    NamedChecks,
    PoolUse,
    ProcessUse,
    ReasonCount,
    Verifications,
    Window,
)
from sidecar.report.model import Advice, Alert, Direction, Evidence, Report, Series, Severity, Trend
from sidecar.report.standing import AdminToken, BundleStanding, KeySetStanding, Machine, RevocationStanding, Setup

LATENCY = Latency(60_000, 14e-6, 11e-6, 38e-6, 1.2e-3)
_REASONS = (
    ("allowed", "allowed", 57_000),
    ("denied", "no_policy_allows", 1_800),
    ("denied", "token_expired", 900),
    ("denied", "no_credential", 300),
)


def checks(seconds: float) -> Checks:
    """Return a thousand checks a second."""
    reasons = tuple(ReasonCount(*one, one[2] / 60) for one in _REASONS)
    return Checks(int(1_000 * seconds), 1_000.0, 950.0, 50.0, 0.0, 0.05, 0.0, 0.0004, LATENCY, reasons)


def process(name: str, role: str, *, crash_loop: bool = False) -> ProcessUse:
    """Return a process that is well, or is in a crash loop."""
    state, restarts = ("failed", 7) if crash_loop else ("ready", 0)
    return ProcessUse(
        *(name, role, not crash_loop, state, 4_711, 11_520.0, 0.4, restarts, restarts, crash_loop, 2, 0.42),
        *(50_331_648, 33_554_432, 0.002),
    )


def window(name: str, seconds: float) -> Window:
    """Return a stretch of time."""
    pool = PoolUse("verifier", 2, 1_200, 20.0, 0.999, 0.92, Latency(1_200, 2e-3, 1e-3, 5e-3, 8e-3), 3, 4.5, 0)
    hook = HookUse("limits", 600, 10.0, {"deny": 12, "nothing": 588}, 0.0, 0.4, LATENCY, 0)
    return Window(
        name=name,
        wanted_seconds=seconds,
        seconds=seconds,
        checks=checks(seconds),
        caches=(
            CacheUse("l1", 60_000, 1_000.0, 59_000, 1_000, 0, 0, 12, 0.2, 0.983),
            CacheUse("l2", 1_000, 16.7, 700, 290, 10, 0, 0, 0.0, 0.7),
        ),
        hit_ratio=0.995,
        verifications=Verifications(300, 5.0, {"pool": {"valid": 280, "invalid": 20}}, 0.93, 0.07),
        shed=0,
        pools=(pool,),
        processes=(
            process("control", "control"),
            process("server-0", "server"),
            process("server-1", "server", crash_loop=True),
            process("verifier-0", "verifier"),
        ),
        hooks=(hook,),
        loop_lag=LATENCY,
        events={"reloads": {"ok": 1}},
        issuers=(
            NamedChecks("https://idp.example", 59_700, 995.0, 2_700, 45.0, 0.045, 12),
            NamedChecks("", 300, 5.0, 300, 5.0, 1.0, 0),
        ),
        policies=(NamedChecks("orders", 57_000, 950.0, 0, 0.0, 0.0, 0),),
    )


def series(points: int = 180) -> Series:
    """Return figures over time, with a gap."""
    ages = tuple(5.0 * (points - 1 - place) for place in range(points))
    rates = tuple(None if place == 20 else 1_000 + 400 * sin(place / 9) for place in range(points))
    return Series(
        step_seconds=5.0,
        ages_seconds=ages,
        checks_per_second=rates,
        denied_per_second=tuple(None if rate is None else rate / 20 for rate in rates),
        error_per_second=(0.0,) * points,
        p50_seconds=(11e-6,) * points,
        p99_seconds=tuple(None if rate is None else rate * 1e-6 for rate in rates),
        hit_ratio=(0.99,) * points,
        verifications_per_second=(5.0,) * points,
    )


def setup(*, dry_run: bool = False) -> Setup:
    """Return what it runs with."""
    return Setup(
        multiprocessing=True,
        servers=2,
        verifiers=2,
        jwt_verifiers=1,
        minters=0,
        cpus=4.0,
        cpu_quota=None,
        machine_cpus=4,
        memory_limit_bytes=None,
        shared_memory_bytes=67_108_864,
        cache_slots=131_072,
        local_entries=10_000,
        batch_size_threshold=8,
        hook_workers=0,
        pool_timeout_seconds=0.1,
        dry_run=dry_run,
        admin_token=AdminToken.NONE,
        hook_limits={"limits": 0.01},
    )


def report(*, dry_run: bool = False, draining: bool = False, points: int = 180) -> Report:
    """Return all of it."""
    return Report(
        version=1,
        made_at=1_767_268_805.0,
        software="0.1.0",
        observed_seconds=900.0,
        uptime_seconds=11_520.0,
        setup=setup(dry_run=dry_run),
        machine=Machine(1.7, 2.1, 0.48, 251_658_240, 188_743_680, None),
        live=window("live", 5.0),
        windows=(window("1m", 60.0), window("5m", 300.0), window("15m", 900.0)),
        trends=(Trend("checks_per_second", "1/s", 1_000.0, 950.0, 800.0, Direction.RISING),),
        series=series(points),
        key_sets=(
            KeySetStanding("https://idp.example.com", 2, 240.0, 86_400.0, 0.003, 0, 2_592_000.0),
            KeySetStanding("https://other.example", 1, None, None, None, None, None),
        ),
        revocation=RevocationStanding(
            12_000, 100_000, 0.12, complete=True, feed_connected=True, feed_lag_seconds=0.4, feed_gaps=0
        ),
        bundle=BundleStanding(
            "shop", in_force=True, version=17, age_seconds=30.0, expires_in_seconds=3_600.0, failures_in_a_row=0
        ),
        draining=draining,
        trust_digest="1f3a9c0d",
        alerts=(
            Alert(
                "pool_busy",
                Severity.WARNING,
                "verifier",
                "verifier pool 92% busy over 5 min",
                0.92,
                0.8,
                "share",
                "report.pool_busy",
                "5m",
            ),
        ),
        advice=(
            Advice(
                "more_verifiers",
                Severity.WARNING,
                "verifier",
                "verifier pool 92% busy over 5 min, p99 queue wait 8 ms: raise verification_workers to 3",
                (Evidence("busy_share", 0.92, "share", "5m"),),
                "verification_workers",
                "AUTHZ_VERIFICATION_WORKERS",
                "2",
                "3",
            ),
        ),
    )
