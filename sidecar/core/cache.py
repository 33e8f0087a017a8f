"""Tokens that were looked into before: how caches enter the core, and when what they return may be believed.

What is cached is the verified identity, or that there will never be one; never a decision: policy runs on every
request.

There are two. ``Recent`` is the process's own, and asked before anything of a credential is parsed. ``TokenCache`` is
all that others know, and asked for a token that is one.
"""

import math
from dataclasses import dataclass
from typing import Protocol

from sidecar.core.assertion import Assertion
from sidecar.core.credential import Credential
from sidecar.core.identity import Identity
from sidecar.core.needs import Decided
from sidecar.core.policy.plan import Plan
from sidecar.core.reason import Reason
from sidecar.core.revocation import Marks
from sidecar.core.trust import Trust

#: Refusals that stand as long as the token and the Trust do. All others may be over the next moment.
PERMANENT = frozenset({Reason.TOKEN_MALFORMED, Reason.BAD_SIGNATURE, Reason.TOKEN_EXPIRED})
#: Refusals that are remembered: those, and for as long as is configured that a token is not active.
REMEMBERED = PERMANENT | {Reason.TOKEN_INACTIVE}


@dataclass(frozen=True, slots=True)
class Refused:
    """A token that was refused for good (``PERMANENT``) under the Trust of this digest."""

    reason: Reason
    trust_digest: bytes
    lifetime: float | None = None  #: seconds that it is remembered at the longest
    whose: str | None = None  #: as ``Refusal`` has it


class TokenCache(Protocol):
    """Remembers what came of a whole compact token, byte for byte. May forget anything at any time."""

    def get(self, token: bytes, trust: Trust, now: float) -> Identity | Refused | None:
        """Return what was put for exactly ``token``, or ``None``. ``trust`` is for reading it, not for judging it."""

    def put(self, token: bytes, found: Identity | Refused, now: float) -> None:
        """Remember what came of ``token``."""


class Known:
    """An identity as one process remembers it (``None``: nobody's), with what follows from it under one Trust.

    ``rules`` are for ``policy.evaluate``. ``permits`` are whole answers, by the name of the policy that allows: making
    one takes 20 µs, more than all the rest of a check. ``settled`` are the same, by the serial of the rules, where
    these look at nothing of a request but its endpoint: evaluating them again would take 2 µs, and come to the same.
    ``plans`` are by that serial too, for rules that do look at requests; ``None`` for those that were met once.
    ``assertions`` are by audience, and in those answers. All are forgotten with the Trust they were made under.
    ``token_bytes`` is the token's length. ``epoch`` is the denylist's in which it was looked up last and not found, at
    ``looked_up_at`` (seconds since the epoch of time); ``marks`` are what it is looked up by.
    """

    __slots__ = (
        *("_begins", "_due", "_trust"),
        *("assertions", "identity", "permits", "plans", "rules", "settled", "token_bytes"),
        *("epoch", "looked_up_at", "marks"),
    )

    def __init__(self, identity: Identity | None, token_bytes: int = 0) -> None:
        self.identity = identity
        self.token_bytes = token_bytes
        self.rules: dict[int, bool] = {}
        self.permits: dict[object, Decided] = {}
        self.settled: dict[int, Decided] = {}
        self.plans: dict[int, Plan | None] = {}
        self.assertions: dict[tuple[str, ...], Assertion] = {}
        self.epoch: int | None = None
        self.looked_up_at = 0.0
        self.marks: Marks | None = None
        self._trust: bytes | None = None
        self._begins, self._due = -math.inf, math.inf
        if identity is not None:
            self._begins, self._due = identity.valid_from, identity.valid_until

    def holds(self, trust: Trust, now: float) -> bool:
        """Say whether the identity would be found again, under ``trust`` at ``now``, from its token."""
        identity = self.identity
        if self._trust is not trust.digest:  # one object for each Trust, which is not kept alive by this
            if identity is not None and not still_holds(identity, trust, now):
                return False
            if self.token_bytes > trust.max_token_bytes:
                return False
            self._trust, self.rules, self.assertions = trust.digest, {}, {}
            self._forget_answers()
        # What does not change with the time has been looked at under this very Trust.
        return self._begins <= now < self._due or self._holds_still(now)

    def _holds_still(self, now: float) -> bool:
        """Say whether the identity does, where an answer's assertion is due, or is none yet: a clock went back."""
        identity = self.identity
        if identity is None or not identity.valid_from <= now < identity.valid_until:
            return False
        self._forget_answers()
        return True

    def assertion(self, audience: tuple[str, ...], now: float) -> Assertion | None:
        """Return the token for ``audience``, if there is one that may be sent."""
        found = self.assertions.get(audience)
        return found if found is not None and found.is_good(now) else None

    def expect(self, assertion: Assertion) -> None:
        """Have answers with ``assertion`` last until it is due, and no longer."""
        self._begins = max(self._begins, assertion.issued)
        self._due = min(self._due, assertion.renew_at, assertion.good_until)

    def replace(self, audience: tuple[str, ...], assertion: Assertion, trust_digest: bytes) -> None:
        """Remember a new token, unless the identity has been looked at under another Trust since it was asked for."""
        if self._trust == trust_digest:
            self.assertions[audience] = assertion
            self._forget_answers()

    def _forget_answers(self) -> None:
        self.permits, self.settled, self.plans = {}, {}, {}
        if self.identity is not None:
            self._begins, self._due = self.identity.valid_from, self.identity.valid_until


class Recent(Protocol):
    """The identities that this process met last.

    By the whole text of the Authorization header where that is all there is, else by the credential and its source:
    text and tuple are never equal, so that neither can be taken for the other.
    """

    def recall(self, credential: str | Credential) -> Known | None:
        """Return what was remembered for exactly ``credential``, which may be any text, or ``None``."""

    def remember(self, credential: str | Credential, known: Known) -> None:
        """Remember the identity behind ``credential``."""


class _NoCache:
    def get(self, token: bytes, trust: Trust, now: float) -> None:
        pass

    def put(self, token: bytes, found: Identity | Refused, now: float) -> None:
        pass

    def recall(self, credential: str | Credential) -> None:
        pass

    def remember(self, credential: str | Credential, known: Known) -> None:
        pass


#: Remembers nothing.
NO_CACHE: TokenCache = _NoCache()
NOTHING_RECENT: Recent = _NoCache()


def still_holds(identity: Identity, trust: Trust, now: float) -> bool:
    """Say whether a remembered identity would be found again, under ``trust`` at ``now``, from its token.

    INVARIANT: an identity holds only under the issuer configuration and the very key it was verified with. A key that
    is removed or replaced takes its identities with it at once; one that is added takes none.
    """
    issuer = trust.issuers.get(identity.issuer)
    return (
        issuer is not None
        and issuer.digest == identity.issuer_digest
        and identity.key_digest in issuer.vouchers
        and identity.valid_from <= now < identity.valid_until
    )


def still_refused(refused: Refused, trust: Trust) -> bool:
    """Say whether a remembered refusal stands: under the very Trust alone, since any change may lift it."""
    return refused.reason in REMEMBERED and refused.trust_digest == trust.digest
