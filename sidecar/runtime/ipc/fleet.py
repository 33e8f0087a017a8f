"""Which processes there are: names and numbers, and where each of them runs. Values, so that all agree on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from sidecar.placement.plan import ANYWHERE, Place, Placement
from sidecar.sizing.look import Bounds


class Role(Enum):
    """What a child does."""

    CONTROL = "control"
    SERVER = "server"
    VERIFIER = "verifier"
    MINTER = "minter"


@dataclass(frozen=True, slots=True)
class Member:
    """One child: ``index`` is its place on the scoreboard, ``number`` counts those of its role from 0."""

    index: int
    role: Role
    number: int
    place: Place

    @property
    def name(self) -> str:
        """Return what logs, metrics and probes call it."""
        return self.role.value if self.role is Role.CONTROL else f"{self.role.value}-{self.number}"


@dataclass(frozen=True, slots=True)
class Fleet:
    """All children. Of the verifiers the last ``jwt_verifiers`` are for RSA and ECDSA alone.

    With ``bounds`` not all of the others run: their number changes by itself, and they are as many as there may be.
    """

    members: tuple[Member, ...]
    servers: int
    verifiers: int
    jwt_verifiers: int
    minters: int = 0
    bounds: Bounds | None = None

    @property
    def names(self) -> Sequence[str]:
        """Return all names, in the scoreboard's order."""
        return [member.name for member in self.members]

    def of(self, role: Role) -> Sequence[Member]:
        """Return the children of one role."""
        return [member for member in self.members if member.role is role]

    @property
    def askers(self) -> Sequence[Member]:
        """Return who has the minters' rings: control, which publishes their keys, and all servers."""
        return [*self.of(Role.CONTROL), *self.of(Role.SERVER)]

    def asker(self, member: Member) -> int:
        """Return the place of one of them; raises ``ValueError`` for others."""
        return self.askers.index(member)

    @property
    def common(self) -> range:
        """Return the numbers of the verifiers for everything that has none of its own."""
        return range(self.verifiers - self.jwt_verifiers)

    @property
    def elastic(self) -> Sequence[Member]:
        """Return the verifiers whose number changes by itself; none where it does not."""
        return [] if self.bounds is None else [one for one in self.of(Role.VERIFIER) if one.number in self.common]

    @property
    def costly(self) -> range:
        """Return the numbers of the verifiers for RSA and ECDSA alone."""
        return range(self.verifiers - self.jwt_verifiers, self.verifiers)


def fleet_of(placement: Placement, jwt_verifiers: int, minters: int = 0, bounds: Bounds | None = None) -> Fleet:
    """Return control, a server and verifier for each place, and minters, which have little to do, anywhere."""
    places = [
        (Role.CONTROL, 0, ANYWHERE),
        *((Role.SERVER, number, place) for number, place in enumerate(placement.servers)),
        *((Role.VERIFIER, number, place) for number, place in enumerate(placement.verifiers)),
        *((Role.MINTER, number, ANYWHERE) for number in range(minters)),
    ]
    members = tuple(Member(index, *rest) for index, rest in enumerate(places))
    return Fleet(members, len(placement.servers), len(placement.verifiers), jwt_verifiers, minters, bounds)
