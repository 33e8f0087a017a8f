"""What a process does before it verifies: load its libraries, see that they tell good signatures from bad, decode keys.

Servers, and the single process, decode the keys of their ``Trust``: those of the first before they are ready, those of
each later one while it is prepared. Verifiers are given no configuration, since secrets are in it; they decode a key
with the first job under it.
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterable

from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.core.trust import Trust
from sidecar.verify.signature import decode, verify

#: RFC 8032, section 7.1, test 2.
_ED25519 = (
    bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
    b"\x72",
    bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    ),
)
#: The payload of RFC 7515, appendix A.2 and A.3, as it is signed.
_PAYLOAD = b".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#: RFC 7515, appendix A.2. The key is SubjectPublicKeyInfo.
_RS256 = (
    urlsafe_b64decode(
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"
        "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpa"
        "SHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK"
        "-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQIDAQAB"
    ),
    b"eyJhbGciOiJSUzI1NiJ9" + _PAYLOAD,
    urlsafe_b64decode(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CU"
        "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_d"
        "O--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig"
        "cN_IoypGlUPQGe77Rw=="
    ),
)
#: RFC 7515, appendix A.3. The key is SubjectPublicKeyInfo.
_ES256 = (
    urlsafe_b64decode(
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72bfocs3-257rn0s2ldbqkL"
        "JK2KRiMohYjlrQ=="
    ),
    b"eyJhbGciOiJFUzI1NiJ9" + _PAYLOAD,
    urlsafe_b64decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q=="),
)
_EXAMPLES = {Algorithm.EDDSA: _ED25519, Algorithm.RS256: _RS256, Algorithm.ES256: _ES256}


def warm_up() -> None:
    """Verify a good signature of each family and a bad one; raises ``RuntimeError`` where one comes out wrong."""
    for algorithm, (material, message, signature) in _EXAMPLES.items():
        key = VerificationKey(None, frozenset({algorithm}), material, b"")
        good = verify(algorithm, key, message, signature)
        bad = verify(algorithm, key, message + b"\0", signature)
        if not good or bad:
            raise RuntimeError(f"verification of {algorithm} does not work: an RFC's example came out wrong")


def decode_keys(trust: Trust) -> None:
    """Decode the keys of all issuers, so that no check has to."""
    for key in _keys(trust):
        decode(key)


def _keys(trust: Trust) -> Iterable[VerificationKey]:
    return (key for issuer in trust.issuers.values() for key in issuer.keys.keys)
