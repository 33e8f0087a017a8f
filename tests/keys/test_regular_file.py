"""Files of keys and secrets are regular ones: whatever else is there is refused at once, and nobody waits for it."""

import os
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.http.guard import TokenError, TokenFile
from sidecar.introspection import client_auth
from sidecar.introspection.client_auth import ClientAuthError
from sidecar.introspection.session import guarded_session
from sidecar.keys.hmac_secret import SecretError
from sidecar.keys.regular_file import open_regular, read_regular
from sidecar.keys.remote import client
from sidecar.keys.remote.trouble import FetchError
from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.secret import read_secret
from sidecar.loading.secret_key import read_secret_key
from sidecar.loading.trust import load_trust
from sidecar.revocation.lines import read_lines
from sidecar.revocation.redis_at import RedisAt
from sidecar.runtime.control.feed_files import FeedFileError, signing_key
from sidecar.settings.hmac import HmacSecretSource
from sidecar.tokens.key_file import KeyFile, SigningKeyError, read_minting_key
from sidecar.transport.tls import TlsError, believe, show

_SAID = "no regular file"


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """Return a pipe that nobody writes to."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_file_and_link_to_one(tmp_path: Path) -> None:
    """A file is read, and so is one that a link leads to, as those of Kubernetes are."""
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "file") == read_regular(tmp_path / "link") == b"content"


def test_what_is_none(pipe: Path) -> None:
    """A pipe, a device and a folder are refused, with what they are; nothing stays open."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(OSError, match=_SAID):
            open_regular(path)
    with pytest.raises(IsADirectoryError):
        open_regular(pipe.parent)
    with pytest.raises(FileNotFoundError):
        open_regular(pipe.parent / "none")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


_REDIS = RedisAt("rediss://localhost", "revocations")


_CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
_READERS: dict[str, tuple[type[Exception], Callable[[Path], object]]] = {
    "warm-up and decision log": (ValueError, lambda path: read_secret_key(path.parent, path.name, 32, 64)),
    "secret of an issuer": (
        SecretError,
        lambda path: read_secret(HmacSecretSource.model_validate({"file": path.name}), path.parent),
    ),
    "signing key": (SigningKeyError, lambda path: read_minting_key(KeyFile(path))),
    "key of the feed": (FeedFileError, signing_key),
    "bearer token": (TokenError, lambda path: TokenFile(str(path)).read()),
    "client secret": (ClientAuthError, client_auth._file),
    "certificate": (TlsError, lambda path: show(_CONTEXT, str(path), str(path))),
    "authorities": (TlsError, lambda path: believe(_CONTEXT, str(path))),
    "revocations": (OSError, lambda path: list(read_lines(path))),
    "password of Redis": (OSError, lambda path: replace(_REDIS, password_file=path).options()),
    "authorities of Redis": (OSError, lambda path: replace(_REDIS, ca_file=path).options()),
    "certificate for Redis": (OSError, lambda path: replace(_REDIS, certificate_file=path).options()),
    "authorities of an issuer": (FetchError, client._context),
    "authorities of an endpoint": (
        OSError,
        lambda path: guarded_session(ca_file=str(path), allow_private=False, timeout=1.0, connections=1),
    ),
}


@pytest.mark.parametrize("what", _READERS)
def test_who_reads_them(what: str, pipe: Path) -> None:
    """Whoever reads a key or a secret says that it is no file, rather than wait."""
    error, read = _READERS[what]
    with pytest.raises(error, match=_SAID):
        read(pipe)


_WITH = 'issuers: [{issuer: "https://issuer.example", audiences: [orders], keys: {%s: pipe}}]\n'


@pytest.mark.parametrize("kind", ["file", "pem_file"])
def test_key_set(kind: str, pipe: Path) -> None:
    """A configuration whose key set is a pipe is refused, with where it says so."""
    config = pipe.parent / "authz.yaml"
    config.write_text(_WITH % kind, "utf-8")
    with pytest.raises(ConfigurationError, match=_SAID):
        load_trust(load_configuration(config, {}))
