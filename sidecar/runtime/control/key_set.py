"""The key set that assertions are verified with, as it is published: what those who sign told of their keys."""

import asyncio

from sidecar.tokens.pool.errors import SigningUnavailableError
from sidecar.tokens.signer import Signer

#: Seconds between two looks at the keys, and those that one may take.
LOOK_SECONDS, _PATIENCE = 0.5, 5.0


class PublishedKeys:
    """The public halves of ``signer``'s keys. ``max_age``: seconds for which others may keep them."""

    def __init__(self, signer: Signer, max_age: int) -> None:
        self.max_age = max_age
        #: A JWK Set (RFC 7517, section 5), or ``None``: nobody has told yet. The last one stays while nobody can tell.
        self.document: bytes | None = None
        self._signer = signer

    async def follow(self) -> None:
        """Keep the document up to date."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Take over what there is now."""
        try:
            keys = await self._signer.public_keys(_PATIENCE)
        except SigningUnavailableError:
            return
        self.document = keys.document().encode()
