"""A sidecar with TLS: options of ``authz-sidecar envoy config``, and ``authz-sidecar envoy secrets``."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from sidecar.cli.configuration import config_option, load
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure

_Command = TypeVar("_Command", bound=Callable[..., object])

_OPTIONS = (
    click.option("--sidecar-name", metavar="NAME", help="With 'tls': whom the sidecar's certificate must be for."),
    click.option("--sidecar-address", metavar="HOST", help="With 'tls': where Envoy connects to, if not to 'listen'."),
    click.option("--secrets", metavar="FOLDER", help="With 'tls': the files of 'envoy secrets', as Envoy sees them."),
)


def reached_options(command: _Command) -> _Command:
    """Add the fields of ``Reached`` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("secrets")
@config_option
@click.option("--sidecar-ca", required=True, metavar="PATH", help="CAs of the sidecar's certificate, in PEM.")
@click.option("--client-certificate", metavar="PATH", help="Envoy's certificate and its chain, in PEM.")
@click.option("--client-key", metavar="PATH", help="Its private key, in PEM.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def secrets_command(
    *, config: Path, sidecar_ca: str, client_certificate: str | None, client_key: str | None, folder: Path
) -> None:
    """Write into FOLDER what tells Envoy where its certificates are, for a sidecar with 'tls'.

    The paths are those that Envoy sees; nothing is read here, and the files hold no secret themselves. Envoy reads the
    certificates again when renewed ones are moved there, as Kubernetes does; not when they are written in place.

    \b
    Example:
      authz-sidecar envoy secrets --config authz.yaml --sidecar-ca /certs/ca.crt \\
        --client-certificate /certs/tls.crt --client-key /certs/tls.key /etc/envoy/authz
      authz-sidecar envoy config --config authz.yaml --sidecar-name authz.example \\
        --secrets /etc/envoy/authz > envoy.yaml
    """
    try:
        from sidecar.envoy_config.tls import secrets  # noqa: PLC0415 - an extra that the image does not have
    except ImportError:
        raise Failure("needs an extra: pip install 'ext-authz-sidecar[demo]'", ExitCode.UNAVAILABLE) from None
    pair = _pair(config, client_certificate, client_key)
    try:
        files = dict(secrets(sidecar_ca, pair))
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
    except ValueError as error:
        raise Failure(str(error), ExitCode.USAGE) from None
    except OSError as error:
        raise Failure(f"{error.filename}: cannot be written: {error.strerror}", ExitCode.USAGE) from None


def _pair(config: Path, certificate: str | None, key: str | None) -> tuple[str, str] | None:
    """Return Envoy's certificate and key where the sidecar asks for them; raises ``Failure`` (USAGE)."""
    tls = load(config)[0].settings.tls
    if tls is None:
        raise Failure("the sidecar has no 'tls': Envoy needs no certificates for it", ExitCode.USAGE)
    if tls.client_ca_file is None:
        if certificate or key:
            raise Failure(
                "the sidecar asks for no certificate: give it tls.client_ca_file, or leave out --client-certificate "
                "and --client-key",
                ExitCode.USAGE,
            )
        return None
    if not (certificate and key):
        raise Failure(
            "the sidecar has tls.client_ca_file: add --client-certificate and --client-key, of a certificate of "
            "those CAs",
            ExitCode.USAGE,
        )
    return certificate, key
