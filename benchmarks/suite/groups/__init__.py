"""The topics: a module each, with a ``TITLE``, whether values are ``COSTLY``, and what makes its ``measurements``."""

from contextlib import ExitStack
from importlib import import_module
from typing import Protocol, cast

from suite.measurement import Measurement
from suite.size import Size

#: In the order of the table.
NAMES = (
    "check",
    "policy",
    "telling",
    "verify",
    "verify_pool",
    "sign",
    "sign_pool",
    "library",
    "hashing",
    "cache",
    "hit_ratio",
    "denylist",
    "revocation",
    "cel",
    "warm_up",
    "transports",
    "through_envoy",
    "attack",
    "memory",
    "processes",
)


class Group(Protocol):
    """What each of the modules is."""

    TITLE: str
    #: Values take seconds each, or other programs run for them: few rounds, in one process.
    COSTLY: bool

    def measurements(self, size: Size, stack: ExitStack) -> list[Measurement]:
        """Make what is measured; what it opens ends with ``stack``."""


def load(name: str) -> Group:
    """Import a topic's module; raises ``KeyError`` where there is none of that name."""
    if name not in NAMES:
        raise KeyError(f"no group {name!r}; there are {', '.join(NAMES)}")
    return cast("Group", import_module(f"suite.groups.{name}"))
