"""What the desk says of tenants: readiness for people, facts for programs, metrics for Prometheus. Pure.

``ready`` are those that say they are; ``told`` is what each has at its own ``/metrics``.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

from sidecar.runtime.agent.desk_status import Status, TenantStatus
from sidecar.runtime.agent.merging import merged, own
from sidecar.runtime.agent.tenancy import Phase


def facts(status: Status, ready: Collection[str]) -> Iterator[Mapping[str, object]]:
    """Yield how each tenant is, as ``/tenants`` has it."""
    for one in status.tenants:
        yield {
            "tenant": one.name,
            "phase": one.phase.value,
            "ready": _is_ready(one, ready),
            "restarts": one.restarts,
        }


def readiness(status: Status, ready: Collection[str], *, told_all: bool, is_settled: bool) -> str:
    """Return the verdict, with a line for each tenant where ``told_all``, or where not all is well."""
    verdict = "ok" if is_settled else "tenants are still starting"
    if is_settled and not told_all:
        return verdict
    return "\n".join([*(_line(one, _is_ready(one, ready)) for one in status.tenants), verdict])


def exposition(status: Status, ready: Collection[str], told: Mapping[str, str]) -> str:
    """Return the metrics of all, and the agent's own, in Prometheus' text format."""

    def each(value: Callable[[TenantStatus], float]) -> list[tuple[str, float]]:
        return [(one.name, float(value(one))) for one in status.tenants]

    families = (
        (
            "tenant_ready",
            "gauge",
            "1 where it answers checks and says it is ready.",
            each(lambda one: _is_ready(one, ready)),
        ),
        (
            "tenant_refused",
            "gauge",
            "1 where its configuration is refused.",
            each(lambda one: one.phase is Phase.REFUSED),
        ),
        ("tenant_restarts_total", "counter", "Starts after ends that nobody wanted.", each(lambda one: one.restarts)),
        ("tenant_scraped", "gauge", "1 where its own metrics are here.", each(lambda one: one.name in told)),
        ("ignored_folders", "gauge", "Entries of the tenants' folder that are none.", [("", float(status.ignored))]),
    )
    lines = [*merged(told)]
    for name, kind, text, values in families:
        lines += own(f"authz_agent_{name}", kind, text, values)
    return "".join([f"{line}\n" for line in lines])


def _is_ready(one: TenantStatus, ready: Collection[str]) -> bool:
    return one.phase is Phase.SERVING and one.name in ready


def _line(one: TenantStatus, is_ready: bool) -> str:  # noqa: FBT001 - a value
    return f"[{'+' if is_ready else '-'}]{one.name} {one.phase.value}, {'' if is_ready else 'not '}ready"
