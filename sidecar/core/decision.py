"""The two ends of a check. There is no third."""

from dataclasses import dataclass
from typing import NamedTuple

from sidecar.core.hooked import HookAnswer
from sidecar.core.identity import Identity
from sidecar.core.reason import OUTCOMES, Reason


class Trial(NamedTuple):
    """What would have been decided if all policies were enforced; ``rule`` is as for ``Permit``."""

    allowed: bool
    reason: Reason
    policy: str | None
    rule: int | None = None


class Permit(NamedTuple):
    """The request may pass; ``identity`` is ``None`` on public paths.

    ``audited`` are the names of the audit policies that match, ``trial`` is what differs, ``hooked`` what hooks add,
    or that they allowed. ``rule`` is which of the policy's rules matches, from 1 on. Made by ``policy.evaluate`` alone:
    a test sees to it. A tuple, since each check makes one.
    """

    reason: Reason
    identity: Identity | None
    policy: str | None
    audited: tuple[str, ...] = ()
    trial: Trial | None = None
    hooked: tuple[HookAnswer, ...] = ()
    rule: int | None = None


@dataclass(frozen=True, slots=True)
class Denial:
    """The request may not pass. ``policy`` and ``detail`` are for logs and tools; ``scopes`` are what was required.

    ``audited``, ``trial`` and ``rule`` are as for ``Permit``. ``by_hook`` is what the hook said that denies, if any.
    """

    reason: Reason
    policy: str | None = None
    detail: str = ""
    scopes: tuple[str, ...] = ()
    audited: tuple[str, ...] = ()
    trial: Trial | None = None
    by_hook: HookAnswer | None = None
    rule: int | None = None

    def __post_init__(self) -> None:
        """Refuse to be a denial that tells the client it succeeded."""
        if OUTCOMES[self.reason].status < 400:  # noqa: PLR2004 - HTTP: below 400 is no refusal
            raise ValueError(f"{self.reason} does not deny")


Decision = Permit | Denial
