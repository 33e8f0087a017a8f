"""API keys as the core knows them: an issuer that signs nothing, and whose keys are the API keys."""

from sidecar.core.keys import key_set
from sidecar.core.trust import Issuer
from sidecar.keys.api_keys import read_api_keys
from sidecar.settings.api_keys import ApiKeySettings


def key_holders(settings: ApiKeySettings, document: bytes) -> Issuer:
    """Build it of a file's content; raises ``ApiKeysError``."""
    keys = read_api_keys(document)
    return Issuer(
        issuer=settings.issuer,
        audiences=frozenset(),
        # No algorithm, so that no token which names this issuer is ever looked into.
        algorithms=frozenset(),
        token_types=frozenset(),
        keys=key_set(()),
        clock_skew=0.0,
        max_lifetime=None,
        required_claims=frozenset(),
        sources=settings.sources(),
        api_keys={key.key_hash: key for key in keys},
    )
