"""What a verifier does before it takes jobs: load its libraries, and see that they tell good signatures from bad."""

from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.verify.signature import verify

#: RFC 8032, section 7.1, test 2.
_KEY = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
_MESSAGE = b"\x72"
_SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def warm_up() -> None:
    """Verify one good Ed25519 signature and one bad one; raises ``RuntimeError`` where either comes out wrong."""
    key = VerificationKey(None, frozenset({Algorithm.EDDSA}), _KEY, b"")
    good = verify(Algorithm.EDDSA, key, _MESSAGE, _SIGNATURE)
    bad = verify(Algorithm.EDDSA, key, _MESSAGE + b"\0", _SIGNATURE)
    if not good or bad:
        raise RuntimeError("Ed25519 verification does not work: RFC 8032's test 2 came out wrong")
