"""Which running sidecar a command is about, and what opens its administration."""

import functools
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from sidecar.cli.admin_tls import Certified, ClientTls, Pinned
from sidecar.cli.administered import Administered
from sidecar.cli.configuration import load_settings
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.http.address import is_loopback, parse
from sidecar.http.guard import TokenFile, as_token
from sidecar.settings.http import AdminSettings
from sidecar.transport.address import AddressError, TcpAddress

#: Has the bearer token itself. Unlike a command line, only whoever is us or root can read a process's environment.
_TOKEN = "AUTHZ_ADMIN_TOKEN"  # noqa: S105 - the variable's name
_HTTPS = re.compile(r"https://(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?/?")
_PORT, _LAST_PORT = 443, 65535
_PATH = click.Path(path_type=Path)

_Command = Callable[..., object]


@dataclass(frozen=True, slots=True)
class Access:
    """What opens an administration, as options and environment have it."""

    token_file: Path | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    def token(self, instead: Path | None = None) -> Callable[[], bytes] | None:
        """Return what reads the token: of the option's file, else of the environment, else of the file ``instead``."""
        if self.token_file is None and _TOKEN in os.environ:
            return lambda: as_token(os.environ[_TOKEN].strip().encode(), _TOKEN)
        file = self.token_file or instead
        return None if file is None else TokenFile(str(file)).read

    def tls(self, believed: Certified | Pinned) -> ClientTls:
        """Return TLS with these files; raises ``Failure`` for a key without its certificate."""
        if self.certificate_file is None and self.key_file is not None:
            raise Failure("--admin-key-file: goes with --admin-certificate-file", ExitCode.USAGE)
        if self.certificate_file is None:
            return ClientTls(believed)
        return ClientTls(believed, (self.certificate_file, self.key_file or self.certificate_file))

    def refuse_files(self, why: str, *names: str) -> None:
        """Raise ``Failure`` where a file was given that nothing would be done with."""
        for name in names:
            if getattr(self, name) is not None:
                raise Failure(f"--admin-{name.replace('_', '-')}: {why}", ExitCode.USAGE)


def access_options(command: _Command) -> _Command:
    """Add the options that say what opens an administration to a command, which is given ``access``."""

    @functools.wraps(command)
    def asked(
        *,
        admin_token_file: Path | None,
        admin_ca_file: Path | None,
        admin_certificate_file: Path | None,
        admin_key_file: Path | None,
        **others: Any,  # noqa: ANN401 - the command's own
    ) -> object:
        access = Access(admin_token_file, admin_ca_file, admin_certificate_file, admin_key_file)
        return command(access=access, **others)

    for option in (
        click.option("--admin-key-file", type=_PATH, help="Its private key, in PEM; default: in the same file."),
        click.option("--admin-certificate-file", type=_PATH, help="Our certificate, in PEM, where it wants one."),
        click.option(
            "--admin-ca-file", type=_PATH, help="With https://: CAs, in PEM, of its certificate; default: the system's."
        ),
        click.option(
            "--admin-token-file", type=_PATH, help=f"As admin.bearer_token_file there; or {_TOKEN} is the token."
        ),
    ):
        asked = option(asked)
    return asked


def administered_options(command: _Command) -> _Command:
    """Add the options that say which sidecar is meant, and what opens it, to a command, which is given ``sidecar``."""

    @functools.wraps(command)
    def asked(*, config: Path | None, against: str | None, access: Access, **others: Any) -> object:  # noqa: ANN401 - its own
        return command(sidecar=_administered(config, against, access), **others)

    made = access_options(asked)
    for option in (
        click.option(
            "--against", metavar="ADDRESS", help="Its admin address instead: unix:/path, https://HOST:PORT, or IP:PORT."
        ),
        click.option(
            "--config",
            type=_PATH,
            envvar="AUTHZ_CONFIG",
            show_envvar=True,
            help="Its configuration file, which says where it is administered.",
        ),
    ):
        made = option(made)
    return made


def _administered(config: Path | None, against: str | None, access: Access) -> Administered:
    """Return the sidecar that is meant; raises ``Failure`` where none is, or it cannot be asked."""
    if against is not None:
        return administered_at(against, access)
    if config is None:
        raise Failure("give --config (or AUTHZ_CONFIG), or --against", ExitCode.USAGE)
    admin = load_settings(config).settings.admin
    if admin.listen is None:
        raise Failure(f"{config}: admin.listen is not set, so there is nobody to ask", ExitCode.USAGE)
    return administered_by(admin, config.parent, access)


def administered_at(against: str, access: Access) -> Administered:
    """Return the sidecar at an address; raises ``Failure`` for what is none."""
    if against.startswith("https://"):
        return Administered(_https(against), access.token(), access.tls(Certified(access.ca_file)))
    access.refuse_files(f"is for TLS: --against https://{against}", "ca_file", "certificate_file", "key_file")
    try:
        at = parse(against)
    except AddressError as error:
        raise Failure(f"--against: {error}; https://HOST:PORT for TLS", ExitCode.USAGE) from None
    if not is_loopback(at):
        raise Failure(
            f"--against {against}: not on loopback; question, answer and token would cross the network in the clear: "
            f"https://{against}",
            ExitCode.USAGE,
        )
    return Administered(at, access.token())


def administered_by(admin: AdminSettings, folder: Path, access: Access) -> Administered:
    """Return the sidecar that listens as these settings say, which are of a configuration in ``folder``.

    With TLS it shows the certificate that they name. Raises ``Failure`` where it cannot be asked.
    """
    assert admin.listen is not None  # noqa: S101 - the caller's
    at, token = parse(admin.listen), access.token(None if (name := admin.bearer_token_file) is None else folder / name)
    if admin.tls is None:
        access.refuse_files("the configuration has no admin.tls", "ca_file", "certificate_file", "key_file")
        return Administered(at, token)
    access.refuse_files("goes with --against; the configuration says which certificate it shows", "ca_file")
    tls = access.tls(Pinned(folder / admin.tls.certificate_file))
    if admin.tls.client_ca_file is not None and tls.certificate is None:
        raise Failure(
            "the administration takes client certificates (admin.tls.client_ca_file): give --admin-certificate-file",
            ExitCode.USAGE,
        )
    return Administered(at, token, tls)


def _https(text: str) -> TcpAddress:
    found = _HTTPS.fullmatch(text)
    port = int(found[2] or _PORT) if found else 0
    if found is None or not 0 < port <= _LAST_PORT:
        raise Failure(
            "--against: write https://HOST:PORT, a name or an IP address, and nothing after it", ExitCode.USAGE
        )
    return TcpAddress(found[1].strip("[]"), port)
