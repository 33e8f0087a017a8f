"""What is counted of revocations."""

from enum import StrEnum
from typing import Final

from sidecar.observe.family import Family, every


class Source(StrEnum):
    """Where a revocation comes from."""

    FILE = "file"
    API = "api"
    FEED = "feed"


class Revocation(StrEnum):
    """What became of it."""

    STORED = "stored"  #: it is on the denylist, be it that it was before
    OVER = "over"  #: its time was over already
    REFUSED = "refused"  #: it is no entry, or nothing says when it ends
    FORGED = "forged"  #: nobody who may revoke has signed it; counted by message
    FULL = "full"  #: there was no room for it, or for another that came with it


ENTRIES: Final = Family(
    "authz_revocation_entries",
    "Entries that were read or posted, by what became of them; forged: messages of the feed that nobody has signed.",
    ("source", "result"),
    every(Source, Revocation),
)
