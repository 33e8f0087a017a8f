"""What a minting worker does before it takes jobs: load its libraries, and see that its signatures are good."""

from sidecar.keys.jwk import verification_key
from sidecar.tokens.minting_key import MintingKeys
from sidecar.verify.signature import verify

_MESSAGE = b"warm-up"  # no signing input of a JWS: there is no dot in it


def warm_up(keys: MintingKeys) -> None:
    """Sign once with each key, and verify it as others will; raises ``RuntimeError`` where it comes out wrong."""
    for key in keys:
        public = verification_key(key.public.jwk)
        if not verify(key.public.algorithm, public, _MESSAGE, key.sign(_MESSAGE)):
            raise RuntimeError(f"signing with {key.public.algorithm} does not work: its signature is not good")
