"""Python hooks as policy knows them: which there are, and where each is asked."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sidecar.core.policy.model import Operation


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook of the configuration.

    ``name`` is what it is called by (``package.module:function``), and its own. ``digest`` (32 bytes) names its code
    and what it declares. ``may_allow``: whether it may allow what no policy allows; with ``anonymous``, without a
    token too. ``asked_at`` are the operations it is asked about, and ``allows_at`` the same, as what lets a request in
    is read; empty: all. Header names are in lower case.
    """

    name: str
    digest: bytes = field(repr=False)
    may_allow: bool
    anonymous: bool
    reads_headers: frozenset[str]
    sets_headers: frozenset[str]
    asked_at: tuple[Operation, ...] = ()
    allows_at: tuple[Operation, ...] = ()


def headers_of(hooks: Iterable[Hook]) -> tuple[str, ...]:
    """Return the names of the headers that hooks set: nobody else's value of these ever reaches the upstream."""
    return tuple(dict.fromkeys(name for hook in hooks for name in sorted(hook.sets_headers)))
