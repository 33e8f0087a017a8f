"""One check from bytes to bytes, sans-IO.

```
CheckRequest ─> sent ─> request in normal form ─> public?  ─> credential ─> candidate ─> Verify ┐
                                                                                                │ outside
CheckResponse <─ response <── policy <── denylist <── identity <─── Trust and time again <──────┘
```
"""

from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from typing import NoReturn, TypeVar

from sidecar.core import answer, asking
from sidecar.core.asked import Asked
from sidecar.core.assertion import NO_RENEWALS, Renewals
from sidecar.core.authenticate import KeyMissing, believe, read_candidate, refuse_source
from sidecar.core.binding import Confirmation
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
from sidecar.core.caller import Level, issuer_of
from sidecar.core.certificate import certificate_thumbprint
from sidecar.core.credential import Credential, bearer_token, refuse_token_in_query
from sidecar.core.decision import Denial
from sidecar.core.dpop import Expected, Proofs, owner_of, read_proof, spend
from sidecar.core.ending import Ending
from sidecar.core.finder import Finder
from sidecar.core.gate import OPEN, Gate
from sidecar.core.identity import Identity
from sidecar.core.introspected import believe_answer, introspecting
from sidecar.core.keyholder import identify, is_api_key
from sidecar.core.lookup import Lookup
from sidecar.core.needs import Decided, Introspect, Introspected, RefetchKeys, Step, Verdict, Verify
from sidecar.core.policy.case import Case
from sidecar.core.policy.evaluate import admit_without_identity
from sidecar.core.reason import Reason, Refusal, refusing_for
from sidecar.core.refetches import NEVER, Refetches
from sidecar.core.request import admit
from sidecar.core.revocation import Denylist
from sidecar.core.revoked import look_up_again
from sidecar.core.sent import SentRequest, read_sent
from sidecar.core.source import BEARER, DPOP, USUAL
from sidecar.core.trust import Issuer, Trust

_Result = TypeVar("_Result")

#: Spellings of the scheme that are kept; of the token, bytes.
_USUAL, _AROUND, _LARGEST_KEPT = ("Bearer ", "bearer "), 7, 4096
#: Looked up once: a member of an enumeration takes longer than all else that is done with it here.
_HERE = Level.L1


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
        proofs: Proofs | None = None,
    ) -> None:
        self._trust = trust
        self._tokens = tokens
        self._recent = recent
        self._gate = gate
        self._denylist = denylist
        self._refetches = refetches
        self._proofs = proofs
        self._lookup: Lookup | None = None
        ending = Ending(self.begin, self._resume, self._refuse_revoked, renewals)
        # Bound once: nothing is looked up on the way of a check that is known.
        self._evaluated, self._nobodys = ending.evaluated, ending.nobodys
        self._without_identity, self._allowed_by_hook = ending.without_identity, ending.without_credential

    def begin(self, raw: bytes, now: float) -> Step:
        """Check a serialised ``CheckRequest`` at ``now``, seconds since the epoch. Any bytes lead to a step."""
        trust = self._trust()
        try:
            sent = read_sent(raw)
        except Refusal as refusal:
            return answer.unreadable(refusal, trust)
        lookup = self._lookup
        if lookup is None or lookup.trust is not trust:
            lookup = self._lookup = Lookup(trust)
        try:
            return self._begin(raw, sent, lookup, now)
        except Refusal as refusal:
            return answer.refused(refusal, sent, lookup, now)

    def unenforced(self, raw: bytes, denial: Denial) -> Decided | None:
        """Let a request pass whose check came to no end; ``None`` where that is to be a denial, as without dry run."""
        return answer.unenforced(raw, denial, self._trust())

    def _begin(self, raw: bytes, sent: SentRequest, lookup: Lookup, now: float) -> Step:
        trust = lookup.trust
        lookup.require_headers(sent)
        endpoint, rules = lookup.find(sent)
        known = None if rules.public or lookup.finder is not None else self._recall(sent, trust, now)
        if known is not None and rules.of_identity:
            # The shortest way, and that of almost every check: nothing is looked at again that came to this before.
            decided = known.settled.get(rules.serial)
            if decided is not None and lookup.removals.are_harmless(sent.headers):
                refuse_token_in_query(sent.query)
                self._refuse_revoked(known, now)
                return decided
        asked = Asked(raw, admit(sent, endpoint), rules, lookup)
        if rules.public or rules.preflight:
            asked.read_body()
            case = Case(asked.request, None, now, rules.proxies)
            decision = admit_without_identity(rules, case)
            if decision is not None:
                return self._nobodys(asked, decision, case)
        if known is not None:
            refuse_token_in_query(sent.query)
            asked.level = _HERE
            return self._evaluated(asked, known, now)
        try:
            if lookup.finder is not None:
                return self._find(asked, lookup.finder, now)
            asked.credential = Credential(BEARER, bearer_token(asked.request))
        except Refusal as refusal:
            return self._without_credential(asked, refusal, now)
        return self._identify(asked, now)

    def _without_credential(self, asked: Asked, refusal: Refusal, now: float) -> Step:
        """Go on where there is no credential and none is needed, or a hook may do without; else raise ``refusal``."""
        if refusal.reason is Reason.NO_CREDENTIAL and not asked.trust.policy.needs_identity:
            return self._without_identity(asked, now)
        if refusal.reason is not Reason.NO_CREDENTIAL or not asking.may_allow_nobody(asked):
            raise refusal
        return self._allowed_by_hook(asked, now)

    def _recall(self, sent: SentRequest, trust: Trust, now: float) -> Known | None:
        # Nothing of the credential is looked at but that it is the very text of one that was found good. Parsing it
        # would take 1 µs, its digest for the shared cache 2 µs more.
        credential = sent.headers.get("authorization")
        known = None if credential is None else self._recent.recall(credential)
        return known if known is not None and known.holds(trust, now) else None

    def _find(self, asked: Asked, finder: Finder, now: float) -> Step:
        """Go on with the credential, wherever it may be; raises ``Refusal``."""
        asked.credential = finder.find(asked.request)
        known = self._recent.recall(asked.credential)
        if known is None or not known.holds(asked.trust, now):
            return self._identify(asked, now)
        decided = known.settled.get(asked.rules.serial)
        if decided is not None and asked.lookup.removals.are_harmless(asked.request.headers):
            self._refuse_revoked(known, now)
            return decided
        asked.level = _HERE
        return self._evaluated(asked, known, now)

    def _identify(self, asked: Asked, now: float) -> Step:
        """Go on with who others know the token to be, or look into it; raises ``Refusal``."""
        (source, token), trust = asked.credential, asked.trust
        if source in trust.api_keys and is_api_key(token):
            return self._admit(asked, identify(token, trust.api_keys[source], now), now)
        if len(token) > trust.max_token_bytes:
            raise Refusal(Reason.TOKEN_TOO_LARGE, f"{len(token)} bytes, at most {trust.max_token_bytes}")
        asks = introspecting(asked.credential, trust) if source in trust.introspecting else None
        name = token if asks is None or asks.introspection is None else asks.introspection.digest + token
        found = self._tokens.get(name, trust, now)
        if isinstance(found, Identity) and still_holds(found, trust, now):
            refuse_source(trust.issuers[found.issuer], source)
            asked.level = Level.L2
            return self._admit(asked, found, now)
        if isinstance(found, Refused) and still_refused(found, trust):
            raise Refusal(found.reason, "remembered", found.whose, Level.L2)
        if not self._gate.admits(asked.request.sent.source):
            return answer.shed(asked.request.sent, asked.lookup, now)
        return self._verify(asked, now) if asks is None else self._introspect(asked, asks)

    def _verify(self, asked: Asked, now: float) -> Step:
        token, trust = asked.credential.token, asked.trust
        try:
            candidate = read_candidate(token, trust, now)
        except KeyMissing as missing:
            refuse_source(missing.issuer, asked.credential.source)
            return self._refetch(asked, missing)
        except Refusal as refusal:
            self._remember_refusal(refusal, asked, token, now)
            raise
        refuse_source(candidate.issuer, asked.credential.source)

        def verified(verdict: Verdict, now: float) -> Step:
            try:
                identity = believe(candidate, verdict, now)
            except Refusal as refusal:
                self._remember_refusal(refusal, asked, token, now)
                raise
            self._tokens.put(token, identity, now)
            return self._admit(asked, identity, now)

        return Verify(
            token_digest=candidate.token_digest,
            trust_digest=candidate.trust_digest,
            source=asked.request.sent.source,
            algorithm=candidate.token.algorithm,
            key=candidate.key,
            signing_input=candidate.token.signing_input,
            signature=candidate.token.signature,
            then=partial(self._resume, asked, verified),
        )

    def _refetch(self, asked: Asked, missing: KeyMissing) -> Step:
        issuer = missing.issuer
        if not self._refetches.worthwhile(issuer.issuer):
            self._missed(asked, missing)
        still_missing = partial(self._resume, asked, partial(self._missed, asked), missing)
        given_up = partial(self._given_up, asked, missing)
        return RefetchKeys(issuer.issuer, issuer.digest, issuer.refetch_wait, still_missing, given_up)

    def _given_up(self, asked: Asked, missing: KeyMissing) -> None:
        # Under another Trust the key may be there, and nobody is to blame.
        if self._trust().digest == asked.trust.digest:
            self._suspect(asked, missing)

    def _suspect(self, asked: Asked, missing: KeyMissing) -> None:
        if missing.reason is Reason.UNKNOWN_KEY:
            self._gate.failed(asked.request.sent.source)

    def _missed(self, asked: Asked, missing: KeyMissing, _now: float = 0.0) -> NoReturn:
        self._suspect(asked, missing)
        raise missing

    def _introspect(self, asked: Asked, issuer: Issuer) -> Step:
        endpoint, token = issuer.introspection, asked.credential.token
        assert endpoint is not None  # noqa: S101 - for mypy
        name = endpoint.digest + token
        digests = blake2b(token, digest_size=32).digest(), asked.trust.digest

        def answered(found: Introspected, now: float) -> Step:
            if (found.token_digest, found.trust_digest) != digests:
                raise Refusal(Reason.INTERNAL_ERROR, "an answer about another token or Trust")
            try:
                identity = believe_answer(found.body, issuer, endpoint, now)
            except Refusal as refusal:
                self._remember_refusal(refusal, asked, name, now, endpoint.negative_cache)
                raise
            self._tokens.put(name, identity, now)
            return self._admit(asked, identity, now)

        return Introspect(*digests, endpoint, token, partial(self._resume, asked, answered))

    def _resume(self, asked: Asked, then: Callable[[_Result, float], Step], result: _Result, now: float) -> Step:
        # INVARIANT: after every wait the snapshot is looked at again. Under another one nothing of this check stands,
        # not even how its path was read, so it begins anew; the caller's deadline bounds how often that can happen.
        if self._trust().digest != asked.trust.digest:
            return self.begin(asked.raw, now)
        try:
            return then(result, now)
        except Refusal as refusal:
            return answer.refused(refusal, asked.request.sent, asked.lookup, now)

    def _admit(self, asked: Asked, identity: Identity, now: float) -> Step:
        """Go on to policy, where the token is bound to a key with whoever has that alone; raises ``Refusal``."""
        bound, source = identity.confirmation, asked.credential.source
        if bound is None and source != DPOP:
            return self._evaluated(asked, self._remember(asked, identity, now), now)
        with refusing_for(identity, asked.level):
            return self._admit_bound(asked, identity, bound, now)

    def _admit_bound(self, asked: Asked, identity: Identity, bound: Confirmation | None, now: float) -> Step:
        source = asked.credential.source
        if bound is None or (bound.key is None) is (source == DPOP):
            raise Refusal(Reason.PROOF_REQUIRED, "bound in another way than it is presented")
        certificate = certificate_thumbprint(asked.request.sent.certificate)
        if bound.certificate is not None and bound.certificate != certificate:
            raise Refusal(Reason.PROOF_REQUIRED, "the client's certificate is not the token's, or there is none")
        if bound.key is not None:
            return self._prove(asked, identity, bound.key, now)
        return self._proved(asked, identity, now)

    def _prove(self, asked: Asked, identity: Identity, thumbprint: bytes, now: float) -> Step:
        """Have the proof's signature checked; raises ``Refusal``."""
        issuer = asked.trust.issuers[identity.issuer]
        proofs, dpop = self._proofs, None if issuer.bound is None else issuer.bound.dpop
        if proofs is None or dpop is None:
            raise Refusal(Reason.PROOF_REQUIRED, "nobody checks proofs here")
        if not self._gate.admits(asked.request.sent.source):
            return answer.shed(asked.request.sent, asked.lookup, now)
        expected = Expected(thumbprint, owner_of(identity, thumbprint), dpop, issuer.clock_skew)
        proof = read_proof(asked.request, asked.credential.token, expected, proofs.read_key)
        proof.check_age(now)

        def verified(verdict: Verdict, now: float) -> Step:
            if (verdict.token_digest, verdict.trust_digest) != (proof.digest, asked.trust.digest):
                raise Refusal(Reason.INTERNAL_ERROR, "a verdict for another proof or Trust")
            with refusing_for(identity, asked.level):
                if verdict.valid is not True:
                    raise Refusal(Reason.PROOF_INVALID, "the signature does not match")
                # INVARIANT: after every wait time is looked at again before anything is allowed.
                proof.check_age(now)
                if not still_holds(identity, asked.trust, now):
                    raise Refusal(Reason.TOKEN_EXPIRED, "while its proof was looked at")
                spend(proof, proofs.replays, asked.raw, now)
            return self._proved(asked, identity, now)

        return Verify(
            token_digest=proof.digest,
            trust_digest=asked.trust.digest,
            source=asked.request.sent.source,
            algorithm=proof.token.algorithm,
            key=proof.key,
            signing_input=proof.token.signing_input,
            signature=proof.token.signature,
            then=partial(self._resume, asked, verified),
        )

    def _proved(self, asked: Asked, identity: Identity, now: float) -> Step:
        # Not remembered by the credential: what was shown with one request is to be shown with the next one, too.
        known = Known(identity, len(asked.credential.token))
        known.holds(asked.trust, now)
        return self._evaluated(asked, known, now)

    def _remember(self, asked: Asked, identity: Identity, now: float) -> Known:
        credential = asked.credential
        size = len(credential.token)
        known = Known(identity, size)
        known.holds(asked.trust, now)
        if size > _LARGEST_KEPT:
            return known
        if asked.trust.sources != USUAL:
            self._recent.remember(credential, known)
            return known
        # Nobody has one token kept in a hundred spellings ("bEaReR", more spaces), nor megabytes of large ones.
        text = asked.request.headers.get("authorization", "")
        if text.startswith(_USUAL) and len(text) == _AROUND + size:
            self._recent.remember(text, known)
        return known

    def _remember_refusal(self, refusal: Refusal, asked: Asked, name: bytes, now: float, inactive: float = 0.0) -> None:
        """Remember under ``name`` a refusal that stands, and for ``inactive`` seconds that a token is not active."""
        if refusal.reason is Reason.TOKEN_INACTIVE:
            self._gate.failed(asked.request.sent.source)
        if refusal.reason in PERMANENT or (refusal.reason is Reason.TOKEN_INACTIVE and inactive > 0):
            lifetime = inactive if refusal.reason is Reason.TOKEN_INACTIVE else None
            whose = issuer_of(refusal.whose)
            self._tokens.put(name, Refused(refusal.reason, asked.trust.digest, lifetime, whose), now)

    def _refuse_revoked(self, known: Known, now: float) -> None:
        """Raise ``Refusal`` for who was revoked since the last look.

        INVARIANT: no identity comes to policy, nor to an answer that was kept, but by here, and without a wait between.
        """
        denylist = self._denylist
        # A clock that was set back may have been ahead at the last look, and what was over then is not over now.
        if denylist is not None and (known.epoch != denylist.epoch(now) or now < known.looked_up_at):
            look_up_again(known, denylist, now)
