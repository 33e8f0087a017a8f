"""A fetched key set as it is held, and handed on."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Held:
    """``document`` is ``None`` where there is none (yet, or any more).

    ``confirmed_at``, in seconds since the machine was started (``clock.boot_clock``), is when its issuer last said
    that it is the one; ``None``: never. It means nothing on another machine, or after a restart of this one.
    """

    document: bytes | None = field(default=None, repr=False)
    confirmed_at: float | None = None


#: There never was one.
NOTHING = Held()
