"""Every piece of advice that there is, and the setting it is about. docs/report.md has the same table."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from sidecar.report.model import Advice, Evidence, Severity

_CRITICAL, _WARNING, _INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO


@dataclass(frozen=True, slots=True)
class Kind:
    """``setting`` is a path in the configuration, ``[]`` for each of a list; empty where none would help."""

    severity: Severity
    setting: str
    meaning: str  #: when it is given

    @property
    def variable(self) -> str:
        """Return the environment variable of the setting; what is in a list has none."""
        return f"AUTHZ_{self.setting.replace('.', '_').upper()}" if self.setting and "[]" not in self.setting else ""


KINDS: Final[Mapping[str, Kind]] = {
    "verifiers_too_few": Kind(
        _WARNING, "verification_workers", "pool_busy_share is reached by the verifiers, and a CPU is idle"
    ),
    "verifiers_max_too_low": Kind(
        _WARNING, "verification_workers_max", "the same, where there are as many verifiers already as there may be"
    ),
    "minters_too_few": Kind(_WARNING, "jwt_processor_workers", "the same by the processes that sign assertions"),
    "hook_workers_too_few": Kind(_WARNING, "hook_processor_workers", "the same by the processes that ask hooks"),
    "verifiers_idle": Kind(
        _INFO, "verification_workers", "the verifiers are below pool_idle_share over 15 min, and servers lack a CPU"
    ),
    "verifiers_min_too_high": Kind(
        _INFO, "verification_workers_min", "the same, where there are as few verifiers already as there may be"
    ),
    "servers_too_few": Kind(_WARNING, "servers", "the servers' mean is cpu_busy_share, and a CPU is idle"),
    "single_process": Kind(
        _WARNING, "enable_multiprocessing", "the single process reaches cpu_busy_share, and a CPU is idle"
    ),
    "too_many_processes": Kind(_INFO, "servers", "there are more servers and verifiers than CPUs"),
    "cpus_too_few": Kind(_WARNING, "", "servers or a pool are busy, and no CPU is idle"),
    "uneven_load": Kind(
        _INFO, "listen_mode", "one server reaches cpu_busy_share, and the others' mean is less than half of that"
    ),
    "loop_lag": Kind(_WARNING, "", "event loops reach loop_lag_p99_seconds, and no server is busy"),
    "crash_loop": Kind(_CRITICAL, "", "a process ends again and again"),
    "restarts": Kind(_WARNING, "", "a process was started again 'restarts' times in 15 min"),
    "memory_short": Kind(_CRITICAL, "cache.local_entries", "memory_share is reached"),
    "shared_cache_small": Kind(
        _WARNING, "shared_memory_size", "cache_eviction_share is reached in shared memory: live identities go"
    ),
    "local_cache_small": Kind(
        _INFO, "cache.local_entries", "cache_eviction_share is reached in the servers' own caches, and the other hits"
    ),
    "local_cache_off": Kind(_INFO, "cache.local_entries", "it is 0, and shared memory is asked 100 times a second"),
    "torn_reads": Kind(_WARNING, "shared_memory_size", "cache_torn_share is reached"),
    "tokens_hardly_reused": Kind(
        _INFO, "", "less than cache_hit_ratio is found, though nothing was put out, and most signatures are good"
    ),
    "attack": Kind(_WARNING, "", "forged_share is reached"),
    "unknown_keys": Kind(_WARNING, "", "forged_share is reached, most of it by tokens with a key that is not known"),
    "overloaded": Kind(_CRITICAL, "verification_workers", "shed_share is reached, and not by what is forged"),
    "overloaded_at_times": Kind(
        _CRITICAL, "verification_workers_min", "the same, where the number of verifiers changes by itself"
    ),
    "deadlines": Kind(_CRITICAL, "", "error_share is reached by checks that took too long"),
    "grpc_errors": Kind(_WARNING, "", "a check ended in a gRPC error, which no denial is"),
    "envoy_config_stale": Kind(_CRITICAL, "", "a check was denied since Envoy does not send what policies look at"),
    "introspection_failing": Kind(
        _CRITICAL, "issuers[].introspection.timeout_seconds", "one question to an issuer in 10 has no answer"
    ),
    "signing_failing": Kind(
        _CRITICAL, "jwt_processor_workers", "error_share is reached by assertions that nobody signed in time"
    ),
    "keys_stale": Kind(_WARNING, "issuers[].keys.url", "key_stale_share, or fetch_failures, is reached"),
    "certificate_expiry": Kind(_WARNING, "", "certificate_days are left of one of ours, or of a server with keys"),
    "feed_lagging": Kind(_WARNING, "revocation.feed.redis", "the feed is lost, or feed_lag_seconds are reached"),
    "forged_revocations": Kind(_WARNING, "revocation.feed.keys_file", "the feed had a message that nobody signed"),
    "denylist_full": Kind(_WARNING, "revocation.max_entries", "denylist_share is reached"),
    "bundle_stale": Kind(_WARNING, "policy_bundle.url", "the policy bundle is out of force, or fetch_failures reached"),
    "hook_slow": Kind(_WARNING, "hooks[].timeout_seconds", "hook_slow_share is reached"),
    "hook_failing": Kind(_WARNING, "", "hook_failed_share is reached"),
    "hook_moved": Kind(_INFO, "", "a server has a hook asked elsewhere, since it was too slow"),
    "dry_run": Kind(_WARNING, "dry_run", "nothing is enforced"),
    "admin_token_weak": Kind(_WARNING, "admin.bearer_token_file", "the bearer token could be guessed"),
}


def advised(
    kind: str,
    text: str,
    *evidence: Evidence,
    about: str = "",
    current: object = "",
    proposed: object = "",
) -> Advice:
    """Return a piece of advice."""
    what = KINDS[kind]
    figures = tuple(replace(one, value=float(one.value)) for one in evidence)
    setting = what.setting, what.variable, str(current), str(proposed)
    return Advice(kind, what.severity, about, text, figures, *setting)
