"""ext-authz-sidecar: an external-authorization (ext_authz) server that runs beside Envoy.

The way of one check can be read off the folders: ``transport`` takes bytes from Envoy, ``engine`` drives
``core.check``, ``verify`` does the cryptography, and bytes go back. See ``docs/architecture.md``.

The same in any Python program is ``Authenticator`` (``docs/library.md``). What is named here is imported when it is
asked for (PEP 562): a process of the sidecar has no use for it.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar.core.reason import Reason
    from sidecar.library.authenticator import Authenticator
    from sidecar.library.errors import ClosedError, MisuseError, WrongLoopError
    from sidecar.library.health import Health
    from sidecar.library.result import Authenticated, Refused, Result
    from sidecar.loading.problem import ConfigurationError

__all__ = [
    "Authenticated",
    "Authenticator",
    "ClosedError",
    "ConfigurationError",
    "Health",
    "MisuseError",
    "Reason",
    "Refused",
    "Result",
    "WrongLoopError",
]

_PLACES = {
    "Authenticated": "sidecar.library.result",
    "Authenticator": "sidecar.library.authenticator",
    "ClosedError": "sidecar.library.errors",
    "ConfigurationError": "sidecar.loading.problem",
    "Health": "sidecar.library.health",
    "MisuseError": "sidecar.library.errors",
    "Reason": "sidecar.core.reason",
    "Refused": "sidecar.library.result",
    "Result": "sidecar.library.result",
    "WrongLoopError": "sidecar.library.errors",
}


def __getattr__(name: str) -> object:
    """Import what was asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    """Name what there is, imported or not."""
    return sorted({*globals(), *__all__})
