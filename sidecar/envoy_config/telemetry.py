"""What Envoy tells of requests, for what the sidecar tells of checks."""

from dataclasses import replace

from sidecar.envoy_config.options import EnvoyOptions
from sidecar.settings import Settings
from sidecar.tracing.context import TRACEPARENT


def with_headers_told(options: EnvoyOptions, settings: Settings) -> EnvoyOptions:
    """Have those headers sent too that are looked at for what is told of a check, and not for the check itself.

    The request's id is among those that are always sent (``core.headers_read``).
    """
    if options.allowed_headers is None or not settings.decision_log.is_written:
        return options
    return replace(options, allowed_headers=tuple(sorted({*options.allowed_headers, TRACEPARENT})))
