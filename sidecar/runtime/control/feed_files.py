"""The feed's files: whose signatures are believed, and the key that we sign with. Renewed ones count at once."""

from pathlib import Path

from sidecar.core.keys import KeySet
from sidecar.keys.jwk import JwkError
from sidecar.keys.jwks import read_jwks
from sidecar.keys.regular_file import read_regular
from sidecar.keys.signing import SigningKey, read_signing_key
from sidecar.revocation.redis_at import RedisAt
from sidecar.settings.revocation import FeedSettings


class FeedFileError(Exception):
    """A file that does not do. The text names it, says why, and nothing of what is in it."""


def signers(document: bytes) -> KeySet:
    """Read a JWK Set of those who may revoke; raises ``ValueError``.

    An empty one is a mistake: what was revoked by whoever was in it stays so, and who might revoke next is to be named.
    """
    return read_jwks(document).keys


def signing_key(path: Path) -> SigningKey:
    """Read the key that we sign with; raises ``FeedFileError``."""
    try:
        return read_signing_key(read_regular(path))
    except OSError as error:
        raise FeedFileError(f"{path}: cannot be read: {error.strerror}") from None
    except JwkError as error:
        problem = str(error)  # its context may have the content
    raise FeedFileError(f"{path}: {problem}; give a private Ed25519 JWK ('authz-sidecar keys generate')")


def redis_at(settings: FeedSettings, folder: Path) -> RedisAt:
    """Return where Redis is, by a configuration that stands in ``folder``."""
    return RedisAt(
        url=settings.redis,
        stream=settings.stream,
        username=settings.username,
        password_file=_in(folder, settings.password_file),
        ca_file=_in(folder, settings.tls.ca_file),
        certificate_file=_in(folder, settings.tls.certificate_file),
        key_file=_in(folder, settings.tls.key_file),
    )


def _in(folder: Path, name: str | None) -> Path | None:
    return None if name is None else folder / name
