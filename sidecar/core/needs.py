"""What a check may need from outside before it can go on: a closed union, handled by ``sidecar.engine``.

```
begin(bytes, now) ─> Decided
                  └> Needs ── the driver does what is needed ──> needs.resume(result, now) ─> Decided | Needs
```
A member carries all that its work takes and, but for hooks, nothing of the request. One check may need several things
in turn. A new kind joins the union ``Needs`` here, and mypy shows every place that must handle it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from sidecar.core.algorithm import Algorithm
from sidecar.core.assertion import Minted, Statement
from sidecar.core.caller import Level, Whose, issuer_of
from sidecar.core.decision import Decision, Permit
from sidecar.core.hooked import HookAnswers
from sidecar.core.identity import Identity
from sidecar.core.introspection import Introspection
from sidecar.core.keys import VerificationKey
from sidecar.core.policy.hook import Hook

if TYPE_CHECKING:
    from sidecar.core.request import Request  # with protobuf, which who knows of needs alone does without


@dataclass(slots=True)
class Decided:
    """The check is over. ``response`` is a serialised ``CheckResponse``; ``decision`` is for logs and metrics.

    So are ``whose``, who asked, where the decision has no identity itself, and ``level``, where that was found. Nobody
    changes any of these. It is not frozen, for a check may have to make one, which would take 0.4 µs more.

    ``counted_at`` is for whoever counts: where this answer, which may be kept, was counted before; -1 at first. It
    means something in this process alone, to the one engine that is given what a checker has decided.
    """

    decision: Decision
    response: bytes
    whose: Whose = None
    level: Level = Level.NONE
    counted_at: int = field(default=-1, init=False, compare=False, repr=False)

    @property
    def identity(self) -> Identity | None:
        """Return the identity that was verified, of a denial as well; ``None`` where none was."""
        decision, whose = self.decision, self.whose
        if isinstance(decision, Permit) and decision.identity is not None:
            return decision.identity
        return whose if isinstance(whose, Identity) else None

    @property
    def issuer(self) -> str | None:
        """Return whose token it was, by the issuer's name in the configuration: verified, or what the token says."""
        return issuer_of(self.identity or self.whose)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier found out about one signature.

    ``token_digest`` and ``trust_digest`` (32 bytes each) are copied from the ``Verify`` it answers: a verdict that
    comes late or astray names another token or Trust and is not believed.
    """

    token_digest: bytes
    trust_digest: bytes
    valid: bool


@dataclass(frozen=True, slots=True)
class Verify:
    """Check one signature. ``token_digest`` is BLAKE2b-256 of the whole compact token.

    ``source`` is the client's address, for who counts bad signatures by where they come from.
    """

    token_digest: bytes
    trust_digest: bytes
    algorithm: Algorithm
    key: VerificationKey
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    #: Not in the repr: it holds the request, and with it the token, which must never reach a log.
    then: Callable[[Verdict, float], "Step"] = field(repr=False)
    source: str = ""

    def resume(self, verdict: Verdict, now: float) -> "Step":
        """Go on with the check. ``now`` is the time after the wait, in seconds since the epoch."""
        return self.then(verdict, now)


@dataclass(frozen=True, slots=True)
class Introspected:
    """What an issuer answered about one token: the body of a 200, or ``None`` where there is no such answer.

    The digests are copied from the ``Introspect`` it answers, as a verdict's are.
    """

    token_digest: bytes
    trust_digest: bytes
    body: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Introspect:
    """Ask an issuer about an opaque token. ``token_digest`` is BLAKE2b-256 of the token."""

    token_digest: bytes
    trust_digest: bytes
    introspection: Introspection
    token: bytes = field(repr=False)
    then: Callable[[Introspected, float], "Step"] = field(repr=False)

    def resume(self, answer: Introspected, now: float) -> "Step":
        """Go on with the check. ``now`` is the time after the wait, in seconds since the epoch."""
        return self.then(answer, now)


@dataclass(frozen=True, slots=True)
class Mint:
    """Have a statement about the identity signed, for the upstream."""

    statement: Statement
    then: Callable[[Minted | None, float], "Step"] = field(repr=False)

    def resume(self, minted: Minted | None, now: float) -> "Step":
        """Go on with the check; ``None``: it could not be signed. ``now`` is the time after the wait."""
        return self.then(minted, now)


@dataclass(frozen=True, slots=True)
class RefetchKeys:
    """Fetch the keys of ``issuer`` anew, since a token names one that is not among them.

    Wait for that at most ``wait`` seconds, then resume in any case: whether there is another Trust now is looked at
    here. ``issuer_digest`` (32 bytes) names the issuer's configuration.

    A check that does not wait for the end of it (its deadline came, or its caller went away) is to say so by
    ``give_up``: whoever made the key up has had as much of us as one who waited.
    """

    issuer: str
    issuer_digest: bytes
    wait: float
    then: Callable[[float], "Step"] = field(repr=False)  # it holds the request, and with it the token
    given_up: Callable[[], None] = field(repr=False)

    def resume(self, now: float) -> "Step":
        """Go on with the check. ``now`` is the time after the wait, in seconds since the epoch."""
        return self.then(now)

    def give_up(self) -> None:
        """End the check without an answer."""
        self.given_up()


@dataclass(frozen=True, slots=True)
class AskHooks:
    """Ask Python hooks about a request, in their order, until one denies or fails. ``identity``: ``None``: nobody's."""

    hooks: tuple[Hook, ...]
    request: "Request" = field(repr=False)
    identity: Identity | None = field(repr=False)
    trust_digest: bytes
    then: Callable[[HookAnswers, float], "Step"] = field(repr=False)

    def resume(self, answers: HookAnswers, now: float) -> "Step":
        """Go on with the check. ``now`` is the time after the wait, in seconds since the epoch."""
        return self.then(answers, now)


Needs: TypeAlias = Verify | RefetchKeys | Introspect | Mint | AskHooks
Step: TypeAlias = Decided | Needs
