"""Trusts whose policies have effects, from what stands in a configuration file."""

import json
from dataclasses import replace
from typing import Any

from sidecar.core.trust import Trust
from sidecar.keys.signing import generate
from sidecar.loading.consistency import inconsistencies
from sidecar.loading.trust import compile_trust
from sidecar.settings import Settings
from support.tokens import AUDIENCE, ISSUER
from support.trusts import issuer


def trust_of(**document: Any) -> Trust:  # noqa: ANN401 - any field of a configuration
    """Compile a configuration in which nothing is wrong; its issuer is that of ``support.tokens``."""
    jwks = {"keys": [generate().public_jwk()]}
    issuers = [{"issuer": ISSUER, "audiences": [AUDIENCE], "keys": {"jwks": jwks}, **document.pop("issuer", {})}]
    settings = Settings.model_validate({"issuers": issuers, **document})
    assert list(inconsistencies(settings)) == []
    made = compile_trust(settings, [json.dumps(jwks).encode()]).trust
    return replace(made, issuers={ISSUER: issuer(sources=made.issuers[ISSUER].sources)})


def allowing(allowed: dict[str, Any], **document: Any) -> Trust:  # noqa: ANN401 - any field of a configuration
    """Return a Trust in which one policy lets all tokens in, with effects, and another one all to ``/plain``."""
    plain = {"name": "plain", "action": "allow", "rules": [{"to": [{"operation": {"paths": ["/plain"]}}]}]}
    policy = {"name": "effects", "action": "allow", "allowed": allowed, "rules": [{}]}
    return trust_of(policies=[plain, policy], public=[{"paths": ["/public"]}], **document)


def denying(denied: dict[str, Any], **document: Any) -> Trust:  # noqa: ANN401 - any field of a configuration
    """Return a Trust in which one policy denies ``/denied``, as it says, and another one lets all tokens in."""
    policy = {
        "name": "no",
        "action": "deny",
        "denied": denied,
        "rules": [{"to": [{"operation": {"paths": ["/denied"]}}]}],
    }
    return trust_of(policies=[policy, {"name": "all", "action": "allow", "rules": [{}]}], **document)
