"""From a compact token to an identity, in two halves with the signature check between them."""

from dataclasses import dataclass, field
from hashlib import blake2b

from sidecar.core import claims as claim
from sidecar.core import jws
from sidecar.core.claims import Claims, Validated
from sidecar.core.identity import Identity, identity_with
from sidecar.core.keys import VerificationKey
from sidecar.core.needs import Verdict
from sidecar.core.reason import Reason, Refusal, refusing_for
from sidecar.core.source import Source
from sidecar.core.trust import Issuer, Trust


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token that is acceptable in everything but its signature, which nobody has checked yet."""

    compact: bytes = field(repr=False)  # a token must never reach a log
    token: jws.UnverifiedToken
    claims: Claims = field(repr=False)  # personal data
    terms: Validated = field(repr=False)  # as above
    issuer: Issuer
    key: VerificationKey
    token_digest: bytes  #: BLAKE2b-256 of the whole compact token
    trust_digest: bytes


class KeyMissing(Refusal):
    """The key a token names is not there, and might be if the issuer's keys were fetched anew."""

    def __init__(self, refusal: Refusal, issuer: Issuer) -> None:
        super().__init__(refusal.reason, refusal.detail, issuer.issuer)
        self.issuer = issuer


def read_candidate(compact: bytes, trust: Trust, now: float) -> Candidate:
    """Hold a token against ``trust`` at ``now``; raises ``Refusal``, ``KeyMissing`` where newer keys might help.

    The cheap questions come first, so that a token which is refused anyway costs no cryptography.
    """
    token = jws.parse(compact, trust.max_token_bytes)
    claims = claim.read(token.payload)
    issuer = claim.issuer_of(claims, trust.issuers)
    with refusing_for(issuer.issuer):
        if token.algorithm not in issuer.algorithms:
            raise Refusal(Reason.ALGORITHM_NOT_ALLOWED, "not among the issuer's algorithms")
        if token.type not in issuer.token_types:
            # RFC 8725, section 3.11: a logout token or a DPoP proof of the same issuer is no access token.
            raise Refusal(Reason.WRONG_TOKEN_TYPE, "typ is not among the issuer's token types")
        terms = claim.validate(claims, issuer, now)
        key = _select(issuer, token)
    digest = blake2b(compact, digest_size=32).digest()
    return Candidate(compact, token, claims, terms, issuer, key, digest, trust.digest)


def refuse_source(issuer: Issuer, source: Source) -> None:
    """Raise ``Refusal`` for a token of ``issuer`` from where this issuer's are not taken from."""
    if source not in issuer.sources:
        text = f"the issuer's tokens are not taken from {source.kind} {source.name}"
        raise Refusal(Reason.WRONG_SOURCE, text, issuer.issuer)


def _select(issuer: Issuer, token: jws.UnverifiedToken) -> VerificationKey:
    try:
        return issuer.keys.select(token.algorithm, token.key_id)
    except Refusal as refusal:
        if issuer.refetch_wait and issuer.keys.may_lack(token.key_id):
            raise KeyMissing(refusal, issuer) from None
        raise


def believe(candidate: Candidate, verdict: Verdict, now: float) -> Identity:
    """Turn a candidate into an identity if ``verdict`` says so and time still does; raises ``Refusal``."""
    if (verdict.token_digest, verdict.trust_digest) != (candidate.token_digest, candidate.trust_digest):
        raise Refusal(Reason.INTERNAL_ERROR, "a verdict for another token or Trust")
    with refusing_for(candidate.issuer.issuer):
        if verdict.valid is not True:
            raise Refusal(Reason.BAD_SIGNATURE, "the signature does not match")
        # INVARIANT: after every wait time is looked at again before anything is allowed. Nothing else of the claims can
        # have changed: nobody writes to them, and the issuer is the very one that they were held against.
        claim.check_times(candidate.terms.times, candidate.issuer, now)
    jws.remember_header(candidate.token)
    return identity_with(candidate.claims, candidate.terms, candidate.issuer, candidate.key)
