"""Whether what telemetry is sent with is installed: OpenTelemetry, an extra that most do without."""

from collections.abc import Iterator
from importlib.util import find_spec

from sidecar.loading.problem import FieldPath
from sidecar.settings.otlp import OtlpSettings

#: What there has to be. Looked for, and not imported: whoever reads a configuration needs none of it.
_SDK = "opentelemetry.sdk"
_EXPORTERS = {"grpc": "opentelemetry.exporter.otlp.proto.grpc", "http": "opentelemetry.exporter.otlp.proto.http"}


def telemetry_inconsistencies(where: FieldPath, settings: OtlpSettings) -> Iterator[tuple[FieldPath, str]]:
    """Yield what is missing for a collector that is configured at ``where``."""
    missing = [name for name in (_SDK, _EXPORTERS[settings.protocol]) if not _is_installed(name)]
    if missing:
        yield where, f"needs an extra, of which {missing[0]} is missing: pip install 'ext-authz-sidecar[otel]'"


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
