"""What the listeners are told by the process around them. All of it is called on the event loop, and must not block."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sidecar.observe.condition import Condition


class Health(Protocol):
    """How the sidecar is."""

    def liveness(self) -> Sequence[Condition]:
        """Return what must be so for it not to be restarted."""

    def readiness(self) -> Sequence[Condition]:
        """Return what must be so for it to be sent requests."""


class Metrics(Protocol):
    """What the sidecar has counted."""

    def exposition(self) -> bytes:
        """Return it in Prometheus' text format, version 0.0.4."""

    def openmetrics(self) -> bytes:
        """Return it in OpenMetrics' text format, version 1.0.0."""


class KeySet(Protocol):
    """The public keys that others verify our tokens with."""

    @property
    def document(self) -> bytes | None:
        """Return the JWK Set (RFC 7517, section 5), or ``None``: it is not known yet."""

    @property
    def max_age(self) -> int:
        """Return for how many seconds others may keep it."""


#: Returns the configuration that is running, as data; it is masked before it is shown.
Configuration = Callable[[], Mapping[str, object]]
