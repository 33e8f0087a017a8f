"""A report: what ``GET /report`` answers, ``authz-sidecar report`` shows and advice is made of.

Its JSON has these names, tuples as arrays and ``None`` as null (``wire.py``). Units stand in the names: seconds, bytes,
shares from 0 to 1, CPUs.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sidecar.report.figures import Window
from sidecar.report.standing import (
    BundleStanding,
    CertificateStanding,
    KeySetStanding,
    Machine,
    RevocationStanding,
    Setup,
)

VERSION: Final = 1


class Severity(StrEnum):
    """How much it matters."""

    INFO = "info"  #: good to know
    WARNING = "warning"  #: look at it today
    CRITICAL = "critical"  #: callers suffer, or soon will


class Direction(StrEnum):
    """Where a figure is heading."""

    RISING = "rising"
    FALLING = "falling"
    STEADY = "steady"
    UNKNOWN = "unknown"  #: too few samples yet


@dataclass(frozen=True, slots=True)
class Trend:
    """One figure over 1, 5 and 15 minutes; ``None`` where that window has none."""

    name: str
    unit: str  #: "1/s", "share", "s", "CPUs", "bytes"
    last_1m: float | None
    last_5m: float | None
    last_15m: float | None
    direction: Direction


@dataclass(frozen=True, slots=True)
class Series:
    """Figures over time, the oldest first: one point for each stretch between two samples, for sparklines.

    All have as many points as ``ages_seconds``, which are from the end of the stretch to the report.
    """

    step_seconds: float  #: about what a stretch takes
    ages_seconds: tuple[float, ...]
    checks_per_second: tuple[float | None, ...]
    denied_per_second: tuple[float | None, ...]
    error_per_second: tuple[float | None, ...]
    p50_seconds: tuple[float | None, ...]
    p99_seconds: tuple[float | None, ...]
    hit_ratio: tuple[float | None, ...]
    verifications_per_second: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """A figure beyond its threshold. ``about`` names what it is of, such as an issuer or a process, or is empty."""

    id: str
    severity: Severity
    about: str
    text: str
    value: float
    threshold: float
    unit: str
    setting: str  #: that has the threshold, such as report.error_share; empty where there is none
    window: str  #: live, 1m, 5m, 15m; now


@dataclass(frozen=True, slots=True)
class Evidence:
    """A figure that advice rests on. ``window`` as in ``Alert``."""

    name: str
    value: float
    unit: str
    window: str


@dataclass(frozen=True, slots=True)
class Advice:
    """Something to do, and why. ``setting`` is its path in the configuration, empty where none would help.

    ``variable`` is the environment variable that overrides it, empty where there is none. ``current`` and ``proposed``
    are values of the setting as one would write them, empty where they are not known.
    """

    id: str
    severity: Severity
    about: str
    text: str  #: what is the matter, with its figures, and what to do
    evidence: tuple[Evidence, ...]
    setting: str = ""
    variable: str = ""
    current: str = ""
    proposed: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. ``live`` is a window over the last two samples; ``windows`` are of 1, 5 and 15 minutes."""

    version: int
    made_at: float  #: seconds since the epoch, for people: nothing is reckoned with it
    software: str  #: version of the sidecar
    observed_seconds: float  #: since when there are samples: at most 15 minutes, less after control was started
    uptime_seconds: float | None  #: of the oldest server
    setup: Setup
    machine: Machine
    live: Window
    windows: tuple[Window, ...]
    trends: tuple[Trend, ...]
    series: Series
    key_sets: tuple[KeySetStanding, ...]
    revocation: RevocationStanding | None
    bundle: BundleStanding | None
    draining: bool
    trust_digest: str | None  #: the beginning of it, in hexadecimal
    reload_ok: bool | None = None  #: whether the configuration that was read last was taken
    certificates: tuple[CertificateStanding, ...] = ()
    alerts: tuple[Alert, ...] = ()
    advice: tuple[Advice, ...] = ()
