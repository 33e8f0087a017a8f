"""The feed's files: whose signatures are believed, and the key that we sign with. Renewed ones count at once."""

import logging
from pathlib import Path

from sidecar.core.keys import KeySet
from sidecar.keys.fingerprint import fingerprint
from sidecar.keys.jwk import JwkError
from sidecar.keys.jwks import JwksError, read_jwks
from sidecar.keys.signing import SigningKey, read_signing_key
from sidecar.revocation.feed import RedisAt
from sidecar.settings.revocation import FeedSettings

_log = logging.getLogger(__name__)


class FeedFileError(Exception):
    """A file that does not do. The text names it, says why, and nothing of what is in it."""


class KeysFile:
    """A JWK Set file. One that becomes bad changes nothing: the keys that were read last stay."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = fingerprint([path])
        self._keys = self._read()

    def keys(self) -> KeySet:
        """Return the keys as they are now."""
        seen = fingerprint([self._path])
        if seen != self._seen:
            self._seen = seen
            try:
                self._keys = self._read()
            except FeedFileError as error:
                _log.error("%s; the keys that were read last stay", error)
        return self._keys

    def _read(self) -> KeySet:
        try:
            return read_jwks(self._path.read_bytes()).keys
        except OSError as error:
            raise FeedFileError(f"{self._path}: cannot be read: {error.strerror}") from None
        except JwksError as error:
            raise FeedFileError(f"{self._path}: {error}") from None


def signing_key(path: Path) -> SigningKey:
    """Read the key that we sign with; raises ``FeedFileError``."""
    try:
        return read_signing_key(path.read_bytes())
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
