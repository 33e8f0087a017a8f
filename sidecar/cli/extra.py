"""Commands that take an extra, and what is said where it is not installed."""

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure


def require_demo() -> None:
    """Raise ``Failure`` (UNAVAILABLE) unless the extra 'demo' is there, which the image does not have."""
    try:
        import sidecar.envoy_config.bootstrap  # noqa: F401, PLC0415 - what takes it
    except ImportError:
        raise Failure("needs an extra: pip install 'ext-authz-sidecar[demo]'", ExitCode.UNAVAILABLE) from None
