"""What the sidecar asserts to the upstream of a verified identity, in a short-lived token of its own.

```
   issued            renew_at     good_until  expires
 ────┼───────────────────┼────────────┼──────────┼────
     │ sent as it is     │ sent, and  │ not sent │
     │                   │ renewed    │ any more │
```
One that ends with its identity cannot be renewed, and is sent to its end.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from sidecar.core.identity import Identity
from sidecar.core.reason import Reason, Refusal
from sidecar.core.strict_json import Json
from sidecar.core.trust import AssertionSettings

#: Of its lifetime: after which a successor is asked for, and after which it is not sent, since it must last for the
#: request's way, and for the clocks at its end.
_RENEW_AFTER, _GOOD_FOR = 2 / 3, 9 / 10
#: The end of an identity that has none, as an API key's: whole seconds that a double has exactly.
_LATEST = 2**53
#: Seconds from one attempt to renew it to the next.
_AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class Statement:
    """What is to be signed. The signer adds iss, iat, nbf, exp and jti.

    ``lifetime`` is in seconds; ``not_after``, in whole seconds since the epoch, comes first.
    """

    issuer: str
    token_type: str
    lifetime: int
    not_after: int
    claims: Mapping[str, Json] = field(repr=False)  # personal data


class Minted(NamedTuple):
    """A signed statement. Times are its iat and exp."""

    token: str
    issued: int
    expires: int


@dataclass(slots=True, repr=False)
class Assertion:
    """A token of ours for one identity and audience, as it is remembered. Times are in seconds since the epoch."""

    token: str
    issued: float
    renew_at: float
    good_until: float

    def is_good(self, now: float) -> bool:
        """Say whether it may be sent."""
        return self.issued <= now < self.good_until

    def is_due(self, now: float) -> bool:
        """Say whether a successor is to be asked for; once it said so, not again before ``_AGAIN`` is over."""
        if now < self.renew_at:
            return False
        self.renew_at = now + _AGAIN
        return True


class Renewals(Protocol):
    """Has statements signed while checks go on."""

    def begin(self, statement: Statement, done: Callable[[Minted], None]) -> None:
        """Have it signed, soon, and call ``done``; never, where it cannot be."""


class _NoRenewals:
    def begin(self, statement: Statement, done: Callable[[Minted], None]) -> None:
        pass


#: Whoever finds no assertion that is good waits for one.
NO_RENEWALS: Renewals = _NoRenewals()


def statement_of(settings: AssertionSettings, identity: Identity, audience: tuple[str, ...], now: float) -> Statement:
    """Return what is asserted of ``identity``; raises ``Refusal`` where there is nothing to assert, or no time left."""
    subject = identity.principal if settings.subject_is_principal else identity.subject
    if not subject:
        raise Refusal(Reason.UNSAFE_IDENTITY, "an assertion needs a subject")
    not_after = math.floor(min(identity.valid_until, _LATEST))
    if not now < not_after:
        raise Refusal(Reason.TOKEN_EXPIRED, "ends within the second")
    copied = {name: identity.claims[name] for name in settings.claims if name in identity.claims}
    aud: Json = audience[0] if len(audience) == 1 else [*audience]
    claims = {**copied, "sub": subject, "aud": aud}
    return Statement(settings.issuer, settings.token_type, settings.lifetime, not_after, claims)


def assertion_of(minted: Minted, statement: Statement) -> Assertion:
    """Return what is remembered of a token that was minted for ``statement``."""
    token, issued, expires = minted
    if expires >= statement.not_after:
        return Assertion(token, issued, math.inf, expires)
    lifetime = expires - issued
    return Assertion(token, issued, issued + lifetime * _RENEW_AFTER, issued + lifetime * _GOOD_FOR)
