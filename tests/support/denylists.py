"""A denylist in shared memory, and names put on it as control does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sidecar.core.revocation import TAG_BYTES, Kind, Name, digest
from sidecar.engine.denylist import SharedDenylist
from sidecar.memory import segment
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_writer import DenylistWriter
from support.tokens import ISSUER, NOW

KEY = b"k" * 32
LATER = NOW + 3600


@dataclass
class Revoker:
    """``list`` is what a check asks; counts how often it is looked into."""

    writer: DenylistWriter
    list: SharedDenylist = field(repr=False)

    def revoke(self, kind: Kind, value: str, *, issuer: str = ISSUER, until: float = LATER, now: float = NOW) -> None:
        """Put a name on the list."""
        self.writer.add(digest(KEY, Name(issuer, kind, value)), until, now)

    def cut_off(
        self, before: int, subject: str = "", *, issuer: str = ISSUER, until: float = LATER, now: float = NOW
    ) -> None:
        """Refuse what was issued before a time."""
        tag = digest(KEY, Name(issuer, Kind.ISSUED_BEFORE, subject))[:TAG_BYTES]
        self.writer.raise_number(tag, before, until, now)


@contextmanager
def revoking(budget: int = 1 << 16) -> Iterator[Revoker]:
    """Give a list that is vouched for."""
    with (
        segment.create(budget) as shared,
        DenylistWriter(shared) as writer,
        Denylist(shared) as reader,
    ):
        writer.vouch(float("inf"))
        yield Revoker(writer, SharedDenylist(reader, KEY))
