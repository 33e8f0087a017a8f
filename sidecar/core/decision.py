"""The two ends of a check. There is no third."""

from dataclasses import dataclass
from typing import NamedTuple

from sidecar.core.hooked import HookAnswer
from sidecar.core.identity import Identity
from sidecar.core.reason import OUTCOMES, Reason


class Trial(NamedTuple):
    """What would have been decided if all policies were enforced."""

    allowed: bool
    reason: Reason
    policy: str | None


class Permit(NamedTuple):
    """The request may pass; ``identity`` is ``None`` on public paths.

    ``audited`` are the names of the audit policies that match, ``trial`` is what differs, ``hooked`` what hooks add,
    or that they allowed. Made by ``policy.evaluate`` alone: a test sees to it. A tuple, since each check makes one.
    """

    reason: Reason
    identity: Identity | None
    policy: str | None
    audited: tuple[str, ...] = ()
    trial: Trial | None = None
    hooked: tuple[HookAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Denial:
    """The request may not pass. ``policy`` and ``detail`` are for logs and tools; ``scopes`` are what was required.

    ``audited`` and ``trial`` are as for ``Permit``. ``by_hook`` is what the hook said that denies, if one does.
    """

    reason: Reason
    policy: str | None = None
    detail: str = ""
    scopes: tuple[str, ...] = ()
    audited: tuple[str, ...] = ()
    trial: Trial | None = None
    by_hook: HookAnswer | None = None

    def __post_init__(self) -> None:
        """Refuse to be a denial that tells the client it succeeded."""
        if OUTCOMES[self.reason].status < 400:  # noqa: PLR2004 - HTTP: below 400 is no refusal
            raise ValueError(f"{self.reason} does not deny")


Decision = Permit | Denial
