"""Who asks, as far as a check found it out: for logs and metrics, which are told of denials as well."""

from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from sidecar.core.identity import Identity  # which imports what refuses, and that this


class Level(StrEnum):
    """Where an identity was found, or that its token is refused for good."""

    L1 = "l1"  #: among those that the process met last
    L2 = "l2"  #: among those that all processes share
    NONE = "none"  #: nowhere: its token was looked into, or none was looked for


#: An identity that was verified, be it that it was refused after that; before that the issuer that a token names, by
#: its name in the configuration: what the token says of itself, and no more than that; ``None`` where it names none.
Whose: TypeAlias = "Identity | str | None"


def issuer_of(whose: Whose) -> str | None:
    """Return the issuer's name."""
    return whose if whose is None or isinstance(whose, str) else whose.issuer
