"""One request under way: what there is to decide on it by."""

from dataclasses import dataclass

from sidecar.core.body import body_of
from sidecar.core.credential import Credential
from sidecar.core.lookup import Lookup
from sidecar.core.policy.applicable import Applicable
from sidecar.core.request import Request, admit
from sidecar.core.source import BEARER
from sidecar.core.trust import Trust

#: Of a request whose credential nobody has looked for.
_NONE = Credential(BEARER, b"")


@dataclass(slots=True)
class Asked:
    """A request, with ``credential`` once that was found, and its body once policy is to look at it.

    Nobody changes anything else of it.
    """

    raw: bytes
    request: Request
    rules: Applicable
    lookup: Lookup
    credential: Credential = _NONE

    @property
    def trust(self) -> Trust:
        """Return the snapshot that it is decided under."""
        return self.lookup.trust

    def read_body(self) -> None:
        """Read the body where a rule looks at it; raises ``Refusal``. Once it is known who asks: it takes work."""
        if self.rules.reads_body and self.request.body is None:
            sent = self.request.sent
            self.request = admit(sent, self.request.endpoint, body_of(sent, self.trust.max_body_bytes))
