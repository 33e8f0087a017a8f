"""Digests of a release's files, and signatures over them.

    SHA256SUMS          a line for each file, as sha256sum(1) writes and checks them
    SHA256SUMS.sig      its signature, and so that of every file
    NAME.cdx.json.sig   the list of components' own: it is what travels alone

ECDSA with P-256 and SHA-256, in DER (RFC 3279, section 2.2.3): every OpenSSL verifies it, and signing services make it.
"""

import hashlib
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

SUMS = "SHA256SUMS"


class KeyFileError(Exception):
    """A file is no key that a release is signed with. The text never has anything of what is in it."""


def summed(folder: Path) -> Path:
    """Write the digests of all files there, but for signatures; return the file."""
    files = sorted(path for path in folder.iterdir() if path.name != SUMS and path.suffix != ".sig")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    sums = folder / SUMS
    sums.write_text("".join(lines), encoding="utf-8")
    return sums


def sign(folder: Path, key: EllipticCurvePrivateKey) -> list[Path]:
    """Sign the digests and the lists of components; return the signatures' files."""
    made = []
    for file in (folder / SUMS, *sorted(folder.glob("*.cdx.json"))):
        signature = file.with_name(f"{file.name}.sig")
        signature.write_bytes(key.sign(file.read_bytes(), ECDSA(SHA256())))
        made.append(signature)
    return made


def read_key(file: Path) -> EllipticCurvePrivateKey:
    """Read a private key of P-256 (PEM, not encrypted, nobody else's to read); raises ``KeyFileError``."""
    try:
        if file.stat().st_mode & 0o077:
            raise KeyFileError(f"{file}: others may read it; chmod 600 {file}")
        key = load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise KeyFileError(f"{file}: {error.strerror}") from None
    except TypeError:
        raise KeyFileError(f"{file}: is encrypted; give it as it is, in a file in memory") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFileError(f"{file}: is no private key in PEM") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise KeyFileError(f"{file}: is no key of P-256; docs/releasing.md says how to make one")
    return key
