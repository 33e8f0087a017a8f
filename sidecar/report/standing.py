"""What a report says of one moment, and of how the sidecar is set up. ``None``: not known, or there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class AdminToken(StrEnum):
    """What is said of the administration's bearer token, and nothing more."""

    NONE = "none"  #: there is none, or it cannot be read
    GOOD = "good"
    WEAK = "weak"  #: it could be guessed


@dataclass(frozen=True, slots=True)
class Setup:
    """What it runs with. ``cpus`` is what affinity and the cgroup's quota leave to all processes, in CPUs."""

    multiprocessing: bool
    servers: int
    verifiers: int  #: all of them; where their number changes by itself, as many as there are to be now
    jwt_verifiers: int  #: of those, for RSA and ECDSA alone
    minters: int
    cpus: float | None
    cpu_quota: float | None  #: of the cgroup; ``None`` where there is none
    machine_cpus: int | None  #: that the machine has, whoever may use them
    memory_limit_bytes: int | None  #: of the cgroup
    shared_memory_bytes: int  #: of the identity cache
    cache_slots: int | None  #: identities that it has room for
    local_entries: int  #: that each server's own cache has room for
    batch_size_threshold: int
    hook_workers: int  #: for each server
    pool_timeout_seconds: float
    dry_run: bool
    admin_token: AdminToken
    hook_limits: Mapping[str, float]  #: seconds that each hook may take, by its name
    #: Between how many those change by themselves that are not for RSA and ECDSA alone; ``None``: they do not.
    verifiers_min: int | None = None
    verifiers_max: int | None = None

    @property
    def common_verifiers(self) -> int:
        """Return how many there are that are not for RSA and ECDSA alone."""
        return self.verifiers - self.jwt_verifiers

    @property
    def fewest_verifiers(self) -> int:
        """Return how many there are at all times."""
        return self.verifiers if self.verifiers_min is None else self.verifiers_min + self.jwt_verifiers


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine, or the cgroup, over the last minute."""

    cpu_used: float | None  #: by our processes, in CPUs
    cpu_idle: float | None  #: of ``Setup.cpus``, what nobody uses, in CPUs
    system_cpu_share: float | None  #: of all CPUs of the machine, by whomever
    rss_bytes: int | None  #: of our processes, added up
    pss_bytes: int | None  #: the same, shared pages counted once
    memory_used_bytes: int | None  #: of the cgroup


@dataclass(frozen=True, slots=True)
class KeySetStanding:
    """Keys of one issuer. The fields about fetching are ``None`` where its keys are not fetched."""

    issuer: str
    keys: int
    age_seconds: float | None  #: since the issuer confirmed them last
    max_stale_seconds: float | None  #: the age at which they are dropped
    stale_share: float | None  #: the one by the other
    failures_in_a_row: int | None
    certificate_expires_in_seconds: float | None  #: of the server that has them; negative when it has expired


@dataclass(frozen=True, slots=True)
class CertificateStanding:
    """A certificate of our own. ``listener``: checks or admin; its file is in ``setting``."""

    listener: str
    setting: str
    expires_in_seconds: float  #: negative when it has expired


@dataclass(frozen=True, slots=True)
class RevocationStanding:
    """The denylist, and its feed: ``feed_connected`` is ``None`` where there is none."""

    entries: int
    capacity: int
    full_share: float | None
    complete: bool
    feed_connected: bool | None
    feed_lag_seconds: float | None
    feed_gaps: int


@dataclass(frozen=True, slots=True)
class BundleStanding:
    """The policy bundle."""

    name: str
    in_force: bool
    version: int | None
    age_seconds: float | None
    expires_in_seconds: float | None
    failures_in_a_row: int
