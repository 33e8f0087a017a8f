"""One request under way: what there is to decide on it by."""

from dataclasses import dataclass

from sidecar.core.credential import Credential
from sidecar.core.lookup import Lookup
from sidecar.core.policy.applicable import Applicable
from sidecar.core.request import Request
from sidecar.core.source import BEARER
from sidecar.core.trust import Trust

#: Of a request whose credential nobody has looked for.
_NONE = Credential(BEARER, b"")


@dataclass(slots=True)
class Asked:
    """A request, with ``credential`` once that was found. Nobody changes anything else of it."""

    raw: bytes
    request: Request
    rules: Applicable
    lookup: Lookup
    credential: Credential = _NONE

    @property
    def trust(self) -> Trust:
        """Return the snapshot that it is decided under."""
        return self.lookup.trust
