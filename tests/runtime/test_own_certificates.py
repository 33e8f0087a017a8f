"""Until when our own certificates are good."""

from pathlib import Path

import pytest

from sidecar.keys.certificates import first_until
from sidecar.runtime.control.certificates import OwnCertificates
from sidecar.settings import Settings
from support.certificates import Authority, Files

_ISSUER = {"issuer": "https://idp.example", "audiences": ["orders"], "keys": {"file": "jwks.json"}}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Give a certificate."""
    return Authority(tmp_path, "ca").sign("first", days=2)


def _own(folder: Path, files: Files) -> OwnCertificates:
    tls = {"certificate_file": Path(files.certificate).name, "key_file": Path(files.key).name}
    admin = {"listen": "127.0.0.1:0", "bearer_token_file": "token", "tls": tls}
    return OwnCertificates(Settings.model_validate({"issuers": [_ISSUER], "tls": tls, "admin": admin}), folder)


def test_both_listeners(tmp_path: Path, files: Files) -> None:
    """Each listener with TLS is told of, from its file; and anew once that is another one."""
    own = _own(tmp_path, files)
    assert own.until == {}
    own.look()
    until = first_until(Path(files.certificate).read_bytes())
    assert own.until == {"checks": until, "admin": until}
    renewed = Authority(tmp_path, "other").sign("second", days=30)
    Path(renewed.certificate).replace(files.certificate)
    own.look()
    assert own.until["checks"] > until + 86400


def test_file_that_is_gone(tmp_path: Path, files: Files) -> None:
    """What cannot be read has no time, rather than an old one."""
    own = _own(tmp_path, files)
    own.look()
    Path(files.certificate).write_bytes(b"nothing")
    own.look()
    assert own.until == {}
    Path(files.certificate).unlink()
    own.look()
    assert own.until == {}
