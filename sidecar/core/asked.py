"""One request under way: what there is to decide on it by."""

from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.core.body import body_of
from sidecar.core.caller import Level
from sidecar.core.credential import Credential
from sidecar.core.hooked import HookAnswer
from sidecar.core.lookup import Lookup
from sidecar.core.policy.applicable import Applicable
from sidecar.core.policy.plan import Branch
from sidecar.core.reason import Refusal
from sidecar.core.request import Request, admit
from sidecar.core.sent import SentRequest
from sidecar.core.source import BEARER
from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust

#: Of a request whose credential nobody has looked for.
_NONE = Credential(BEARER, b"")


@dataclass(slots=True)
class Asked:
    """A request, with what becomes known of it.

    That is ``credential`` once it was found, its body once policy is to look at it, what hooks said, and ``level``,
    where its identity was found. Nobody changes anything else of it.
    """

    raw: bytes
    request: Request
    rules: Applicable
    lookup: Lookup
    credential: Credential = _NONE
    hooked: tuple[HookAnswer, ...] | None = None  #: ``None``: not asked yet
    branch: Branch | None = None  #: of the plan, where one decided
    level: Level = Level.NONE

    @property
    def trust(self) -> Trust:
        """Return the snapshot that it is decided under."""
        return self.lookup.trust

    def read_body(self) -> None:
        """Read the body where a rule looks at it; raises ``Refusal``. Once it is known who asks: it takes work."""
        if self.rules.reads_body and self.request.body is None:
            sent = self.request.sent
            self.request = admit(sent, self.request.endpoint, body_for(self.rules, sent, self.trust))


def body_for(rules: Applicable, sent: SentRequest, trust: Trust) -> Mapping[str, Json] | None:
    """Return the body as these rules see it; raises ``Refusal``, but not for those that are tried, or note, alone."""
    if not rules.reads_body:
        return None
    try:
        return body_of(sent, trust.max_body_bytes)
    except Refusal:
        if rules.needs_body:
            raise
        return None
