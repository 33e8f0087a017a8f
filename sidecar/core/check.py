"""One check from bytes to bytes, sans-IO.

```
CheckRequest ─> sent ─> request in normal form ─> public?  ─> credential ─> candidate ─> Verify ┐
                                                                                                │ outside
CheckResponse <─ response <─────── policy <─────── identity <─── Trust and time again <─────────┘
```
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sidecar.core import response
from sidecar.core.authenticate import Candidate, believe, read_candidate
from sidecar.core.cache import NO_CACHE, PERMANENT, Refused, TokenCache, still_holds, still_refused
from sidecar.core.credential import bearer_token
from sidecar.core.decision import Decision, Denial, Permit
from sidecar.core.identity import Identity
from sidecar.core.needs import Decided, Step, Verdict, Verify
from sidecar.core.policy.evaluate import admit_without_identity, evaluate
from sidecar.core.reason import Refusal
from sidecar.core.request import Request, admit
from sidecar.core.sent import SentRequest, read_sent
from sidecar.core.trust import Trust


class Checker:
    """Begins checks. ``trust`` returns the snapshot in force at the moment it is called."""

    def __init__(self, trust: Callable[[], Trust], tokens: TokenCache = NO_CACHE) -> None:
        self._trust = trust
        self._tokens = tokens

    def begin(self, raw: bytes, now: float) -> Step:
        """Check a serialised ``CheckRequest`` at ``now``, seconds since the epoch. Any bytes lead to a step."""
        trust = self._trust()
        try:
            sent = read_sent(raw)
        except Refusal as refusal:
            return _refused(refusal, "", trust)
        try:
            return self._begin(_Asked(raw, sent.request_id, trust), sent, now)
        except Refusal as refusal:
            return _refused(refusal, sent.request_id, trust)

    def _begin(self, asked: "_Asked", sent: SentRequest, now: float) -> Step:
        trust = asked.trust
        request = admit(sent, trust.path_mode, trust.max_path_bytes)
        decision = admit_without_identity(trust.policy, request)
        if decision is not None:
            return _decided(decision, request, asked)
        token = bearer_token(request)
        known = self._tokens.get(token, trust, now)
        if isinstance(known, Identity) and still_holds(known, trust, now):
            return _decided(evaluate(trust.policy, request, known), request, asked)
        if isinstance(known, Refused) and still_refused(known, trust):
            raise Refusal(known.reason, "remembered")
        try:
            candidate = read_candidate(token, trust, now)
        except Refusal as refusal:
            self._remember(token, refusal, trust, now)
            raise
        return Verify(
            token_digest=candidate.token_digest,
            trust_digest=candidate.trust_digest,
            source=sent.source,
            algorithm=candidate.token.algorithm,
            key=candidate.key,
            signing_input=candidate.token.signing_input,
            signature=candidate.token.signature,
            then=partial(self._resume, asked, request, candidate),
        )

    def _resume(self, asked: "_Asked", request: Request, candidate: Candidate, verdict: Verdict, now: float) -> Step:
        # INVARIANT: after every wait the snapshot is looked at again. Under another one nothing of this check stands,
        # not even how its path was read, so it begins anew; the caller's deadline bounds how often that can happen.
        if self._trust().digest != asked.trust.digest:
            return self.begin(asked.raw, now)
        try:
            identity = believe(candidate, verdict, now)
        except Refusal as refusal:
            self._remember(candidate.compact, refusal, asked.trust, now)
            return _refused(refusal, asked.request_id, asked.trust)
        self._tokens.put(candidate.compact, identity, now)
        try:
            return _decided(evaluate(asked.trust.policy, request, identity), request, asked)
        except Refusal as refusal:
            return _refused(refusal, asked.request_id, asked.trust)

    def _remember(self, token: bytes, refusal: Refusal, trust: Trust, now: float) -> None:
        if refusal.reason in PERMANENT:
            self._tokens.put(token, Refused(refusal.reason, trust.digest), now)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a check goes on with after a wait."""

    raw: bytes
    request_id: str
    trust: Trust


def _decided(decision: Decision, request: Request, asked: _Asked) -> Decided:
    settings = asked.trust.response
    if isinstance(decision, Permit):
        return Decided(decision, response.allow(decision, request, settings))
    return Decided(decision, response.deny(decision, asked.request_id, settings.realm))


def _refused(refusal: Refusal, request_id: str, trust: Trust) -> Decided:
    denial = Denial(refusal.reason, detail=refusal.detail)
    return Decided(denial, response.deny(denial, request_id, trust.response.realm))
