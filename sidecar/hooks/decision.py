"""What a hook says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NoReturn, final


class Kind(Enum):
    """What is to become of the request."""

    ALLOW = "allow"
    DENY = "deny"
    ADD = "add"


@final
@dataclass(frozen=True, slots=True)
class Decision:
    """Made by ``allow``, ``deny`` and ``add``. A hook that has nothing to say returns ``None``."""

    kind: Kind
    reason: str = ""
    status: int = 403
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __init_subclass__(cls) -> NoReturn:
        """Refuse: what a hook returns is this and nothing more."""
        raise TypeError("a Decision has no subclasses; return allow(), deny(…), add(…) or None")


def allow(*, headers: Mapping[str, str] | None = None, metadata: Mapping[str, Any] | None = None) -> Decision:
    """Let the request pass that no policy allows. For hooks with ``may_allow: true`` alone; others fail with it.

    ``headers`` and ``metadata`` are as for ``add``.
    """
    return Decision(Kind.ALLOW, headers=dict(headers or {}), metadata=dict(metadata or {}))


def deny(reason: str, *, status: int = 403, message: str = "") -> Decision:
    """Refuse the request.

    ``reason`` is for logs (it stands in Envoy's dynamic metadata), ``message`` for the client, instead of the usual
    text. ``status`` is an HTTP status from 400 to 599. Raises ``TypeError`` and ``ValueError`` for anything else.
    """
    if not all(isinstance(text, str) for text in (reason, message)):
        raise TypeError("reason and message are texts")
    if isinstance(status, bool) or not isinstance(status, int):
        raise TypeError("status is a number")
    if not 400 <= status <= 599:  # noqa: PLR2004 - HTTP's client and server errors
        raise ValueError(f"status {status} does not deny; write one from 400 to 599")
    return Decision(Kind.DENY, reason=reason, status=status, message=message)


def add(headers: Mapping[str, str] | None = None, *, metadata: Mapping[str, Any] | None = None) -> Decision:
    """Go on, and send the upstream ``headers``, and Envoy's later filters ``metadata`` (JSON).

    The headers must be declared with ``@hook(sets_headers=[…])``: no client can then send them in the hook's name.
    """
    return Decision(Kind.ADD, headers=dict(headers or {}), metadata=dict(metadata or {}))
