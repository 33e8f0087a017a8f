"""What is recorded: per application, and per issuer where keys are. Alerts look at these, over hours and a day.

The names are those of Prometheus' own rules: level:metric:operations. A quotient has no sample where nothing is asked,
in place of NaN, which would spoil every average over it.
"""

from typing import Final

from authz_monitoring.rule import Recorded
from authz_monitoring.words import APP, FAILED

CHECKS: Final = "app:authz_checks:rate5m"
FAILURES: Final = "app:authz_checks_failed:rate5m"
DENIED: Final = "app:authz_checks_denied:ratio_rate5m"
HITS: Final = "app:authz_cache_hits:ratio_rate5m"
P99: Final = "app:authz_check_duration_seconds:p99_rate5m"


def failed_over(window: str) -> str:
    """Return the name of the share of checks that failed, over ``window``."""
    return f"app:authz_checks_failed:ratio_rate{window}"


#: Seconds of a day cost as little as those of 5 minutes: the rates are recorded, and their averages taken.
_LONG: Final = ("1h", "2h", "1d")


def _over(series: str, window: str) -> str:
    return f"avg_over_time({series}[{window}])"


RULES: Final = (
    Recorded(CHECKS, f"sum by ({APP}) (rate(authz_checks_total[5m]))"),
    Recorded(
        FAILURES,
        # Where none failed yet there may be no series to sum up.
        f'sum by ({APP}) (rate(authz_checks_total{{reason=~"{FAILED}"}}[5m]))\nor\n0 * {CHECKS}',
    ),
    Recorded(failed_over("5m"), f"{FAILURES} / ({CHECKS} > 0)"),
    *(Recorded(failed_over(window), f"{_over(FAILURES, window)} / ({_over(CHECKS, window)} > 0)") for window in _LONG),
    Recorded(
        DENIED,
        f'(sum by ({APP}) (rate(authz_checks_total{{outcome="denied"}}[5m])) or 0 * {CHECKS})\n/ ({CHECKS} > 0)',
    ),
    Recorded(
        HITS,
        f'sum by ({APP}) (rate(authz_cache_lookups_total{{result="hit"}}[5m]))\n'
        f'/ (sum by ({APP}) (rate(authz_cache_lookups_total{{tier="l1"}}[5m])) > 0)',
    ),
    Recorded(
        P99,
        f"histogram_quantile(0.99, sum by ({APP}, le) (rate(authz_check_duration_seconds_bucket[5m])))",
    ),
)
