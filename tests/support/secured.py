"""A sidecar with TLS, an Envoy that shows it a certificate, and the files of both."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from sidecar.envoy_config.matching import Reached
from sidecar.envoy_config.tls import secrets
from support.certificates import Authority, Files
from support.stacks import running_stack

#: Who the sidecar is.
NAME = "authz.example"

#: The environment of a sidecar in several processes, or in one.
MODES: Mapping[str, Mapping[str, str]] = {"several": {}, "single": {"AUTHZ_ENABLE_MULTIPROCESSING": "false"}}

_TLS = """\
tls:
  certificate_file: {0}/sidecar/tls.pem
  key_file: {0}/sidecar/tls.key
  client_ca_file: {0}/sidecar/ca.pem
"""


class Certificates:
    """Files in ``folder``, each side's in one of its own, with its CAs; put there as Kubernetes does, by renaming."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for side in ("sidecar", "envoy", "secrets", "authorities"):
            (folder / side).mkdir()
        self._turn = 0

    def authority(self, name: str) -> Authority:
        """Return a new CA."""
        return Authority(self.folder / "authorities", name)

    def show(self, side: str, files: Files) -> None:
        """Have a side show a certificate: first the key, so that for a moment it fits nothing."""
        self._move(side, "tls.key", Path(files.key).read_bytes())
        self._move(side, "tls.pem", Path(files.certificate).read_bytes())

    def trust(self, side: str, *authorities: Authority) -> None:
        """Have a side trust these and no others."""
        self._move(side, "ca.pem", b"".join(Path(one.file).read_bytes() for one in authorities))

    def _move(self, side: str, name: str, content: bytes) -> None:
        self._turn += 1
        new = self.folder / side / f".new-{self._turn}"
        new.write_bytes(content)
        new.rename(self.folder / side / name)

    def write_secrets(self, *, client_certificate: bool = True) -> None:
        """Write what tells Envoy where its files are."""
        own = self.folder / "envoy"
        pair = (str(own / "tls.pem"), str(own / "tls.key")) if client_certificate else None
        for name, content in secrets(str(own / "ca.pem"), pair):
            (self.folder / "secrets" / name).write_text(content, encoding="utf-8")


def certified(folder: Path) -> tuple[Certificates, Authority]:
    """Return certificates of one CA for both sides."""
    certificates = Certificates(folder)
    authority = certificates.authority("ca")
    for side in ("sidecar", "envoy"):
        certificates.show(side, authority.sign(side, hosts=[NAME] if side == "sidecar" else []))
        certificates.trust(side, authority)
    certificates.write_secrets()
    return certificates, authority


@contextmanager
def secured_stack(
    certificates: Certificates,
    environment: Mapping[str, str] | None = None,
    *,
    name: str = NAME,
    **envoy_options: Any,  # noqa: ANN401 - EnvoyOptions' fields
) -> Iterator[Stack]:
    """Run the generated configuration over mTLS on TCP."""
    text = CONFIGURATION.replace("{listen}", "127.0.0.1:0") + _TLS.format(certificates.folder)
    reached = Reached(sidecar_name=name, secrets=str(certificates.folder / "secrets"))
    with running_stack(text, environment, reached=reached, **envoy_options) as stack:
        yield stack
