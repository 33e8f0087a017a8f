"""A bundle as it is held, and handed on between processes."""

from dataclasses import dataclass, field

from sidecar.bundle.succession import Signed


@dataclass(frozen=True, slots=True)
class HeldBundle:
    """``compact`` was verified, and is in force until ``until``; after that, what it allows is not allowed.

    ``confirmed_at`` is when its server last said that it is the one. Both are in seconds since the machine was started
    (``keys.remote.clock.boot_clock``), which every process of it reads alike. ``signed`` is what was in force of each
    signer, this one included.
    """

    compact: bytes = field(repr=False)
    confirmed_at: float
    until: float
    signed: tuple[Signed, ...] = ()
