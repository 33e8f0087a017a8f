"""What comes of a token: somebody, or a refusal with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from sidecar.core.claims import time_claim
from sidecar.core.decision import Denial, Permit
from sidecar.core.identity import Identity
from sidecar.core.needs import Decided
from sidecar.core.reason import OUTCOMES, Reason


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Whom a token speaks for, at the time of the answer.

    ``principal`` is ``issuer/subject``; it and ``subject`` are ``None`` for a token without ``sub``. ``expires_at`` is
    ``exp`` in seconds since the epoch; ``None`` for what has no end, such as some API keys. ``claims`` are those of the
    token, read-only to the bottom: mappings, and tuples in place of lists.
    """

    issuer: str
    subject: str | None
    principal: str | None
    audiences: tuple[str, ...]
    scopes: frozenset[str]
    expires_at: float | None
    claims: Mapping[str, Any] = field(repr=False, hash=False)  # personal data
    ok: Literal[True] = field(default=True, init=False, repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """A token that is not taken. False in a condition, so that ``if await a.authenticate(token):`` lets nobody in.

    ``reason`` is one of docs/reasons.md, as in the server. ``issuer`` is the configured issuer that the token names, be
    it rightly or not. ``detail`` is for logs and people who develop, and never for the client.
    """

    reason: Reason
    detail: str = ""
    issuer: str | None = None
    ok: Literal[False] = field(default=False, init=False, repr=False)

    def __bool__(self) -> Literal[False]:
        """Be false."""
        return False

    @property
    def status(self) -> int:
        """Return the HTTP status that goes with it: 401, 400, 403, or 503 where it is not the token's fault."""
        return OUTCOMES[self.reason].status

    @property
    def error(self) -> str | None:
        """Return the code for WWW-Authenticate (RFC 6750, section 3.1), where there is one."""
        return OUTCOMES[self.reason].error

    @property
    def message(self) -> str:
        """Return what the client may be told: plain text that names no internals."""
        return OUTCOMES[self.reason].message


Result: TypeAlias = Authenticated | Refused


def result_of(decided: Decided) -> Result:
    """Return what the engine's decision says. INVARIANT: whatever is no permit for somebody is a refusal."""
    decision = decided.decision
    if isinstance(decision, Permit) and decision.reason is Reason.ALLOWED and decision.identity is not None:
        return _authenticated(decision.identity)
    if isinstance(decision, Denial):
        return Refused(decision.reason, decision.detail, decided.issuer)
    return Refused(Reason.INTERNAL_ERROR, "a decision without an identity")


def _authenticated(identity: Identity) -> Authenticated:
    return Authenticated(
        issuer=identity.issuer,
        subject=identity.subject,
        principal=identity.principal,
        audiences=identity.audiences,
        scopes=identity.scopes,
        expires_at=time_claim(identity.claims, "exp"),
        claims=MappingProxyType({name: _frozen(value) for name, value in identity.claims.items()}),
    )


def _frozen(value: object) -> object:
    """Return a copy that nobody can change: the claims themselves stay in the cache."""
    if isinstance(value, Mapping):
        return MappingProxyType({name: _frozen(inner) for name, inner in value.items()})
    if isinstance(value, list | tuple):
        return tuple(_frozen(inner) for inner in value)
    return value
