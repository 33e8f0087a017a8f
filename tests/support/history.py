"""What a Prometheus has of the day before, in OpenMetrics' format: one check in ten was denied, for want of a token."""

from collections.abc import Iterator, Mapping

from authz_monitoring.recording import DENIED, HITS

_HOUR = 3600
#: Two in the 5 minutes that rates are taken over.
_STEP = 120


def day_before(now: float, labels: Mapping[str, str]) -> str:
    """Return it, from 26 hours before ``now`` up to 50 minutes before."""
    times = range(int(now) - 26 * _HOUR, int(now) - 3000, _STEP)
    allowed = {**labels, "outcome": "allowed", "reason": "allowed"}
    denied = {**labels, "outcome": "denied", "reason": "no_credential"}
    lines = ["# TYPE authz_checks counter"]
    for series, share in ((allowed, 9), (denied, 1)):
        lines += _series("authz_checks_total", series, {at: share * (at - times[0]) / 10 for at in times})
    recorded = {name: value for name, value in labels.items() if name != "pod"}
    for name, value in ((DENIED, 0.1), (HITS, 0.99)):
        lines += [f"# TYPE {name} gauge", *_series(name, recorded, dict.fromkeys(times, value))]
    return "\n".join([*lines, "# EOF", ""])


def _series(name: str, labels: Mapping[str, str], values: Mapping[int, float]) -> Iterator[str]:
    told = ",".join(f'{label}="{value}"' for label, value in labels.items())
    for at, value in values.items():
        yield f"{name}{{{told}}} {value} {at}"
