"""The collector that a configuration names, for whatever is sent there."""

from pathlib import Path

from sidecar.observe.build import build_facts
from sidecar.settings.otlp import OtlpSettings
from sidecar.tracing.collector import Collector


def collector_of(asked: OtlpSettings, folder: Path) -> Collector:
    """Return the collector that a configuration names, which stands in ``folder``."""

    def file(name: str | None) -> Path | None:
        return None if name is None else folder / name

    return Collector(
        asked.endpoint,
        asked.protocol,
        asked.timeout_seconds,
        headers_file=file(asked.headers_file),
        ca_file=file(asked.ca_file),
        certificate_file=file(asked.certificate_file),
        key_file=file(asked.key_file),
    )


def resource_of(service: str, server: str) -> dict[str, str]:
    """Return what says who sends: the service's name, our version, and which server of it."""
    return {"service.name": service, "service.version": build_facts()["version"], "authz.server": server}
