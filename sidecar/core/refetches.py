"""Whether it is worth fetching keys anew: how negative knowledge enters the core."""

from typing import Protocol


class Refetches(Protocol):
    """Asked when a token names a key that is unknown, of an issuer whose keys can be fetched."""

    def worthwhile(self, issuer: str) -> bool:
        """Say whether fetching might help: not where that was done a moment ago."""


class _Never:
    def worthwhile(self, issuer: str) -> bool:  # noqa: ARG002 - the protocol's
        return False


#: Fetches nothing.
NEVER: Refetches = _Never()
