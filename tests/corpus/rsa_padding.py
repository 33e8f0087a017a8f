"""RSA signatures with other paddings than the algorithm has, made with the private key (RFC 8017, section 9).

A verifier that looks at less than all of the padding takes some of them, and then signatures can be forged for small
exponents without the key (CVE-2006-4339, CVE-2016-1494).
"""

import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm

from support.keypairs import Pair

_SIZE = 256
#: DER of AlgorithmIdentifier and the octet string's head (RFC 8017, section 9.2, note 1).
_DIGEST_INFO = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


def pkcs1_digest_info(name: str, message: bytes) -> bytes:
    """Return DigestInfo of a message."""
    return _DIGEST_INFO[name] + hashlib.new(name, message).digest()


def raw_sign(key: Pair, encoded: bytes) -> bytes:
    """Apply RSASP1 (RFC 8017, section 5.2.1) to an encoded message of 256 bytes."""
    assert len(encoded) == _SIZE
    assert isinstance(key.private, rsa.RSAPrivateKey)
    numbers = key.private.private_numbers()
    return pow(int.from_bytes(encoded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(_SIZE, "big")


def _padded(info: bytes, behind: bytes = b"", kind: int = 1, fill: bytes = b"\xff") -> bytes:
    return bytes([0, kind]) + fill * (_SIZE - 3 - len(info) - len(behind)) + b"\0" + info + behind


def _sha256(message: bytes) -> bytes:
    return pkcs1_digest_info("sha256", message)


def _with_head(head: str) -> Callable[[bytes], bytes]:
    return lambda message: _padded(bytes.fromhex(head) + hashlib.sha256(message).digest())


def _without_padding(message: bytes) -> bytes:
    return _padded(_sha256(message), bytes(_SIZE - 3 - 8 - len(_sha256(message))))


def _garbage_in_padding(message: bytes) -> bytes:
    whole = bytearray(_padded(_sha256(message)))
    whole[100:120] = b"\xaa" * 20
    return bytes(whole)


#: Encoded messages by name.
PADDINGS: dict[str, Callable[[bytes], bytes]] = {
    "PKCS1 with garbage behind the digest": _without_padding,
    "PKCS1 with garbage in the padding": _garbage_in_padding,
    "PKCS1 of block type 2": lambda message: _padded(_sha256(message), kind=2, fill=b"\x55"),
    "PKCS1 of block type 0": lambda message: _padded(_sha256(message), kind=0, fill=b"\0"),
    "PKCS1 without DigestInfo": lambda message: _padded(hashlib.sha256(message).digest()),
    "PKCS1 with SHA-1": lambda message: _padded(pkcs1_digest_info("sha1", message)),
    "PKCS1 with SHA-512": lambda message: _padded(pkcs1_digest_info("sha512", message)),
    "PKCS1 with the OID of SHA-1": _with_head("302d300906052b0e03021a05000420"),
    "PKCS1 with a length in the long form": _with_head("308131300d060960864801650304020105000420"),
    "PKCS1 with a length that begins with 0": _with_head("30820031300d060960864801650304020105000420"),
    "PKCS1 with an indefinite length": lambda message: _padded(
        bytes.fromhex("3080300d060960864801650304020105000420") + hashlib.sha256(message).digest() + b"\0\0"
    ),
    "PKCS1 with a value in NULL": _with_head("3033300f06096086480165030402010502aaaa0420"),
    "PKCS1 with garbage in the sequence": lambda message: _padded(
        bytes.fromhex("3033300d060960864801650304020105000420") + hashlib.sha256(message).digest() + b"\5\0"
    ),
    "PKCS1 with a longer OID": _with_head("3032300e060a6086480165030402018105000420"),
    "no padding": lambda message: hashlib.sha256(message).digest().rjust(_SIZE, b"\0"),
}


def _pss(salt: int, mask: HashAlgorithm, digest: HashAlgorithm) -> Callable[[Pair, bytes], bytes]:
    def sign(key: Pair, message: bytes) -> bytes:
        assert isinstance(key.private, rsa.RSAPrivateKey)
        return key.private.sign(message, padding.PSS(padding.MGF1(mask), salt), digest)

    return sign


#: RSASSA-PSS with other parameters than those of PS256 (RFC 7518, section 3.5).
PSS: dict[str, Callable[[Pair, bytes], bytes]] = {
    "PSS without salt": _pss(0, SHA256(), SHA256()),
    "PSS with a salt of 20 bytes": _pss(20, SHA256(), SHA256()),
    "PSS with a salt of 33 bytes": _pss(33, SHA256(), SHA256()),
    "PSS with the longest salt": _pss(222, SHA256(), SHA256()),
    "PSS with a mask of SHA-1": _pss(32, SHA1(), SHA256()),  # noqa: S303 - that is the point
    "PSS with SHA-512": _pss(32, SHA512(), SHA512()),
}
