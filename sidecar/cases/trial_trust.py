"""A ``Trust`` whose tokens we can sign: a configuration's own, with keys of ours in place of its issuers'."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sidecar.cases.model import CaseSettings
from sidecar.cases.read import Cases
from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import KeySet
from sidecar.core.source import BEARER, Source
from sidecar.core.strict_json import Json
from sidecar.core.trust import Issuer, Trust
from sidecar.keys.jwks import read_jwks
from sidecar.keys.signing import SigningKey, generate, key_set_document
from sidecar.loading.load import configuration_of
from sidecar.loading.trust import load_trust
from sidecar.tokens.mint import mint

#: Of a file that has policies and no configuration: whose tokens these are, and for whom.
ISSUER, AUDIENCE = "https://idp.example", "orders"
#: Seconds that a token is good for if the case does not say.
LIFETIME = 300


@dataclass(frozen=True, slots=True)
class TrialTrust:
    """A ``Trust``, and the key that signs for all of its issuers."""

    trust: Trust
    key: SigningKey

    def token(self, claims: Mapping[str, Json], now: float) -> tuple[str, Source]:
        """Return a token with ``claims`` and those that every token has, and where it is to be put."""
        issuers = [one for one in self.trust.issuers.values() if one.api_keys is None]
        usual: dict[str, Json] = {"iat": int(now), "exp": int(now) + LIFETIME}
        if len(issuers) == 1:
            usual["iss"] = issuers[0].issuer
        issuer = self.trust.issuers.get(str(claims.get("iss", usual.get("iss"))))
        if issuer is None:
            return mint(self.key, {**usual, **claims}), BEARER
        if issuer.audiences is not None:
            usual["aud"] = min(issuer.audiences)
        source = BEARER if BEARER in issuer.sources else min(issuer.sources)
        return mint(self.key, {**usual, **claims}), source


def trial_of(trust: Trust) -> TrialTrust:
    """Return ``trust`` with a key of ours for all of its issuers, and enforced: cases are about what it decides.

    Without hooks: what these say is not policy's, and no case could tell them what they look at.
    """
    key = generate()
    keys = read_jwks(key_set_document([key]).encode()).keys
    issuers = {name: _with_keys(issuer, keys) for name, issuer in trust.issuers.items()}
    return TrialTrust(replace(trust, issuers=issuers, policy=replace(trust.policy, dry_run=False), hooks=()), key)


def _with_keys(issuer: Issuer, keys: KeySet) -> Issuer:
    if issuer.api_keys is not None:
        return issuer
    return replace(
        issuer,
        keys=keys,
        algorithms=frozenset({Algorithm.EDDSA}),
        token_types=frozenset({"jwt"}),
        introspection=None,
        bound=None,
    )


def trial_of_policies(cases: Cases, values: Mapping[str, object]) -> TrialTrust:
    """Return the ``Trust`` of policies that stand in a file of cases; raises ``ConfigurationError``.

    It has all issuers and audiences that the tokens name, and asks for no other claim: such cases are about policy.
    """
    key = generate()
    issuer = {
        "audiences": sorted({AUDIENCE, *_texts(cases.content.cases, "aud")}),
        "keys": {"jwks": {"keys": [key.public_jwk()]}},
        "required_claims": [],
    }
    names = sorted({ISSUER, *_texts(cases.content.cases, "iss")})
    document = replace(cases.document, values={**values, "issuers": [{"issuer": name, **issuer} for name in names]})
    return TrialTrust(load_trust(configuration_of(document, {})).trust, key)


def _texts(cases: Iterable[CaseSettings], claim: str) -> Iterable[str]:
    for case in cases:
        found = (case.token or {}).get(claim)
        yield from (one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str) and one)
