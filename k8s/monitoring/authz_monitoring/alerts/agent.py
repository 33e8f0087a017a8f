"""Alerts about the tenants of a node's agent (docs/agent.md): whoever has none to ask is denied, by Envoy."""

from typing import Final

from authz_monitoring.rule import Alert, Severity, When
from authz_monitoring.words import APP, POD

_TENANT: Final = "{{ $labels.namespace }}/{{ $labels.app }}: the tenant {{ $labels.tenant }}"
_HERE: Final = "{{ $labels.namespace }}/{{ $labels.pod }}: the tenant {{ $labels.tenant }}"

ALERTS: Final = (
    Alert(
        "AuthzTenantRefused",
        Severity.CRITICAL,
        "5m",
        (When(f"max by ({APP}, tenant) (authz_agent_tenant_refused)", "== 1"),),
        f"{_TENANT} is refused, and nobody answers its checks",
        "Its configuration is wrong, or wants the address of another tenant. Envoy denies every request of this "
        "workload. The agent's log says what is wrong, with file, line and field.",
    ),
    Alert(
        "AuthzTenantNotReady",
        Severity.CRITICAL,
        "5m",
        (
            When(f"min by ({POD}, tenant) (authz_agent_tenant_ready)", "== 0"),
            # Of those that are, AuthzTenantRefused tells.
            When(f"max by ({POD}, tenant) (authz_agent_tenant_refused)", "== 0"),
        ),
        f"{_HERE} is not ready on this node",
        "It is still starting, ends again and again, or says itself that it cannot answer. Checks of this workload's "
        "pods on this node fail, or are denied; the other tenants are not affected.",
    ),
)
