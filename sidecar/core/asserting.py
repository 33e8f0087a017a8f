"""An assertion that is asked for, and where it goes once it is there."""

from dataclasses import dataclass, field

from sidecar.core.assertion import Minted, Statement, assertion_of, statement_of
from sidecar.core.cache import Known
from sidecar.core.identity import Identity
from sidecar.core.reason import Reason, Refusal
from sidecar.core.trust import AssertionSettings


@dataclass(frozen=True, slots=True)
class Wanted:
    """An assertion about the identity in ``known``, for one audience, under the Trust of this digest."""

    known: Known
    audience: tuple[str, ...]
    statement: Statement
    trust_digest: bytes = field(repr=False)

    def keep(self, minted: Minted) -> None:
        """Remember it, unless the Trust has changed since."""
        self.known.replace(self.audience, assertion_of(minted, self.statement), self.trust_digest)

    def require(self, minted: Minted | None, now: float) -> None:
        """Remember what was minted; raises ``Refusal`` where that is nothing that may be sent at ``now``."""
        if minted is None:
            raise Refusal(Reason.ASSERTION_UNAVAILABLE, "nothing was signed")
        self.keep(minted)
        if self.known.assertion(self.audience, now) is None:
            raise Refusal(Reason.ASSERTION_UNAVAILABLE, "what was signed is over already, or not valid yet")


def wanted(
    settings: AssertionSettings, known: Known, audience: tuple[str, ...], trust_digest: bytes, now: float
) -> Wanted:
    """Return what to ask for; raises ``Refusal`` as ``statement_of`` does."""
    assert isinstance(known.identity, Identity)  # noqa: S101 - for mypy
    return Wanted(known, audience, statement_of(settings, known.identity, audience, now), trust_digest)
