"""One check from bytes to bytes, sans-IO.

```
CheckRequest ─> sent ─> request in normal form ─> public?  ─> credential ─> candidate ─> Verify ┐
                                                                                                │ outside
CheckResponse <─ response <── policy <── denylist <── identity <─── Trust and time again <──────┘
```
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from sidecar.core import response
from sidecar.core.asserting import Wanted, wanted
from sidecar.core.assertion import NO_RENEWALS, Assertion, Minted, Renewals
from sidecar.core.authenticate import Candidate, KeyMissing, believe, read_candidate
from sidecar.core.cache import (
    NO_CACHE,
    NOTHING_RECENT,
    PERMANENT,
    Known,
    Recent,
    Refused,
    TokenCache,
    still_holds,
    still_refused,
)
from sidecar.core.credential import bearer_token, refuse_token_in_query
from sidecar.core.decision import Denial, Permit
from sidecar.core.gate import OPEN, Gate
from sidecar.core.identity import Identity
from sidecar.core.lookup import Lookup
from sidecar.core.needs import Decided, Mint, RefetchKeys, Step, Verdict, Verify
from sidecar.core.policy.applicable import Applicable
from sidecar.core.policy.evaluate import admit_without_identity, evaluate
from sidecar.core.reason import Reason, Refusal
from sidecar.core.refetches import NEVER, Refetches
from sidecar.core.request import Request, admit
from sidecar.core.revocation import UNKNOWN, Denylist
from sidecar.core.sent import SentRequest, read_sent
from sidecar.core.trust import Trust

#: Answers kept for one identity.
_MOST_PERMITS = 8
#: Spellings of the scheme that are kept; of the token, bytes.
_USUAL, _AROUND, _LARGEST_KEPT = ("Bearer ", "bearer "), 7, 4096


class Checker:
    """Begins checks. ``trust`` returns the snapshot in force at the moment it is called."""

    def __init__(  # noqa: PLR0913 - one for each thing that is looked at
        self,
        trust: Callable[[], Trust],
        tokens: TokenCache = NO_CACHE,
        recent: Recent = NOTHING_RECENT,
        gate: Gate = OPEN,
        *,
        renewals: Renewals = NO_RENEWALS,
        denylist: Denylist | None = None,
        refetches: Refetches = NEVER,
    ) -> None:
        self._trust = trust
        self._tokens = tokens
        self._recent = recent
        self._gate = gate
        self._renewals = renewals
        self._denylist = denylist
        self._refetches = refetches
        self._nobody = Known(None)
        self._lookup: Lookup | None = None

    def begin(self, raw: bytes, now: float) -> Step:
        """Check a serialised ``CheckRequest`` at ``now``, seconds since the epoch. Any bytes lead to a step."""
        trust = self._trust()
        try:
            sent = read_sent(raw)
        except Refusal as refusal:
            return _refused(refusal, "", trust)
        try:
            return self._begin(raw, sent, trust, now)
        except Refusal as refusal:
            return _refused(refusal, sent.request_id, trust)

    def _begin(self, raw: bytes, sent: SentRequest, trust: Trust, now: float) -> Step:
        lookup = self._lookup
        if lookup is None or lookup.trust is not trust:
            lookup = self._lookup = Lookup(trust)
        lookup.require_headers(sent)
        endpoint, rules = lookup.find(sent)
        known = None if rules.public else self._recall(sent, trust, now)
        if known is not None and rules.of_identity:
            # The shortest way, and that of almost every check: nothing is looked at again that came to this before.
            decided = known.settled.get(rules.serial)
            if decided is not None and lookup.removals.are_harmless(sent.headers):
                refuse_token_in_query(sent.query)
                self._refuse_revoked(known, now)
                return decided
        asked = _Asked(raw, admit(sent, endpoint), rules, lookup)
        decision = admit_without_identity(rules, asked.request)
        if decision is not None:
            self._nobody.holds(trust, now)
            return _decided(decision, asked, self._nobody)
        if known is not None:
            refuse_token_in_query(sent.query)
            return self._evaluated(asked, known, now)
        found = self._look_up(asked.request, trust, now)
        return self._evaluated(asked, found, now) if isinstance(found, Known) else self._verify(asked, found, now)

    def _recall(self, sent: SentRequest, trust: Trust, now: float) -> Known | None:
        # Nothing of the credential is looked at but that it is the very text of one that was found good. Parsing it
        # would take 1 µs, its digest for the shared cache 2 µs more.
        credential = sent.headers.get("authorization")
        known = None if credential is None else self._recent.recall(credential)
        return known if known is not None and known.holds(trust, now) else None

    def _look_up(self, request: Request, trust: Trust, now: float) -> Known | bytes:
        """Return who others know the token to be, or the token; raises ``Refusal``."""
        token = bearer_token(request)
        found = self._tokens.get(token, trust, now) if len(token) <= trust.max_token_bytes else None
        if isinstance(found, Identity) and still_holds(found, trust, now):
            return self._remember(request, token, found, trust, now)
        if isinstance(found, Refused) and still_refused(found, trust):
            raise Refusal(found.reason, "remembered")
        return token

    def _verify(self, asked: "_Asked", token: bytes, now: float) -> Step:
        if not self._gate.admits(asked.request.sent.source):
            # Without its id, so that it is made once: who floods us gets the cheapest answer there is.
            return _shed(asked.trust.response.realm)
        try:
            candidate = read_candidate(token, asked.trust, now)
        except KeyMissing as missing:
            return self._refetch(asked, missing)
        except Refusal as refusal:
            self._remember_refusal(token, refusal, asked.trust, now)
            raise
        return Verify(
            token_digest=candidate.token_digest,
            trust_digest=candidate.trust_digest,
            source=asked.request.sent.source,
            algorithm=candidate.token.algorithm,
            key=candidate.key,
            signing_input=candidate.token.signing_input,
            signature=candidate.token.signature,
            then=partial(self._resume, asked, candidate),
        )

    def _refetch(self, asked: "_Asked", missing: KeyMissing) -> Step:
        issuer = missing.issuer
        if not self._refetches.worthwhile(issuer.issuer):
            return self._missed(asked, missing)
        return RefetchKeys(issuer.issuer, issuer.digest, issuer.refetch_wait, partial(self._refetched, asked, missing))

    def _refetched(self, asked: "_Asked", missing: KeyMissing, now: float) -> Step:
        if self._trust().digest != asked.trust.digest:
            return self.begin(asked.raw, now)
        return self._missed(asked, missing)

    def _missed(self, asked: "_Asked", missing: KeyMissing) -> Step:
        if missing.reason is Reason.UNKNOWN_KEY:
            self._gate.failed(asked.request.sent.source)
        return _refused(missing, asked.request.sent.request_id, asked.trust)

    def _resume(self, asked: "_Asked", candidate: Candidate, verdict: Verdict, now: float) -> Step:
        # INVARIANT: after every wait the snapshot is looked at again. Under another one nothing of this check stands,
        # not even how its path was read, so it begins anew; the caller's deadline bounds how often that can happen.
        if self._trust().digest != asked.trust.digest:
            return self.begin(asked.raw, now)
        request, token = asked.request, candidate.compact
        try:
            identity = believe(candidate, verdict, now)
        except Refusal as refusal:
            self._remember_refusal(token, refusal, asked.trust, now)
            return _refused(refusal, request.sent.request_id, asked.trust)
        self._tokens.put(token, identity, now)
        try:
            known = self._remember(request, token, identity, asked.trust, now)
            return self._evaluated(asked, known, now)
        except Refusal as refusal:
            return _refused(refusal, request.sent.request_id, asked.trust)

    def _evaluated(self, asked: "_Asked", known: Known, now: float) -> Step:
        self._refuse_revoked(known, now)
        assert known.identity is not None  # noqa: S101 - for mypy
        decision = evaluate(asked.rules, asked.request, known.identity, known.rules)
        settings = asked.trust.response.assertion
        if settings is None or isinstance(decision, Denial):
            return _decided(decision, asked, known)
        audience = settings.audience_for(decision.policy)
        assertion = known.assertion(audience, now)
        if assertion is None:
            want = wanted(settings, known, audience, asked.trust.digest, now)
            return Mint(want.statement, partial(self._resume_minted, asked, want))
        if assertion.is_due(now):
            # While the one there is is good, nobody waits for the next one.
            want = wanted(settings, known, audience, asked.trust.digest, now)
            self._renewals.begin(want.statement, want.keep)
        known.expect(assertion)
        return _decided(decision, asked, known, assertion)

    def _resume_minted(self, asked: "_Asked", want: Wanted, minted: Minted | None, now: float) -> Step:
        # INVARIANT: after every wait snapshot, identity, time and policy are looked at again.
        if self._trust().digest != asked.trust.digest or not want.known.holds(asked.trust, now):
            return self.begin(asked.raw, now)
        try:
            want.require(minted, now)
            return self._evaluated(asked, want.known, now)
        except Refusal as refusal:
            return _refused(refusal, asked.request.sent.request_id, asked.trust)

    def _remember(self, request: Request, token: bytes, identity: Identity, trust: Trust, now: float) -> Known:
        known = Known(identity, len(token))
        known.holds(trust, now)
        # Nobody has one token kept in a hundred spellings ("bEaReR", more spaces), nor megabytes of large ones.
        credential = request.headers.get("authorization", "")
        if len(token) <= _LARGEST_KEPT and credential.startswith(_USUAL) and len(credential) == _AROUND + len(token):
            self._recent.remember(credential, known)
        return known

    def _remember_refusal(self, token: bytes, refusal: Refusal, trust: Trust, now: float) -> None:
        if refusal.reason in PERMANENT:
            self._tokens.put(token, Refused(refusal.reason, trust.digest), now)

    def _refuse_revoked(self, known: Known, now: float) -> None:
        """Raise ``Refusal`` for who was revoked since the last look.

        INVARIANT: no identity comes to policy, nor to an answer that was kept, but by here, and without a wait between.
        """
        denylist = self._denylist
        # A clock that was set back may have been ahead at the last look, and what was over then is not over now.
        if denylist is not None and (known.epoch != denylist.epoch(now) or now < known.looked_up_at):
            _look_up_again(known, denylist, now)


@dataclass(slots=True)
class _Asked:
    """A request, and what there is to decide on it by. Nobody changes it."""

    raw: bytes
    request: Request
    rules: Applicable
    lookup: Lookup

    @property
    def trust(self) -> Trust:
        return self.lookup.trust


def _look_up_again(known: Known, denylist: Denylist, now: float) -> None:
    """Look ``known`` up again; raises ``Refusal``. What others are remembered by stays as it is."""
    assert known.identity is not None  # noqa: S101 - for mypy
    if known.marks is None:
        known.marks = denylist.marks(known.identity)
    found = denylist.look_up(known.marks, now)
    if found.denied:
        raise Refusal(Reason.TOKEN_REVOKED, "on the denylist")
    if found.epoch == UNKNOWN:
        raise Refusal(Reason.REVOCATION_UNKNOWN, "the denylist is not complete")
    known.epoch, known.looked_up_at = found.epoch, now


def _decided(decision: Permit | Denial, asked: _Asked, known: Known, assertion: Assertion | None = None) -> Decided:
    settings = asked.trust.response
    if isinstance(decision, Denial):
        return Decided(decision, response.deny(decision, asked.request.sent.request_id, settings.realm))
    removed = asked.lookup.removals.of(asked.request.headers)
    if removed:
        return Decided(decision, response.allow(decision, removed, settings, assertion))
    # Nothing in the answer depends on the request any more.
    name = decision.policy or decision.reason
    decided = known.permits.get(name)
    if decided is None:
        decided = Decided(decision, response.allow(decision, (), settings, assertion))
        if len(known.permits) < _MOST_PERMITS:
            known.permits[name] = decided
    if asked.rules.of_identity:
        if len(known.settled) >= _MOST_PERMITS:
            known.settled.clear()
        known.settled[asked.rules.serial] = decided
    return decided


@lru_cache(8)
def _shed(realm: str) -> Decided:
    denial = Denial(Reason.OVERLOADED, detail="its source sent bad signatures")
    return Decided(denial, response.deny(denial, "", realm))


def _refused(refusal: Refusal, request_id: str, trust: Trust) -> Decided:
    denial = Denial(refusal.reason, detail=refusal.detail)
    return Decided(denial, response.deny(denial, request_id, trust.response.realm))
