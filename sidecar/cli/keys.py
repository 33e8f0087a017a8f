"""``authz-sidecar keys``: making signing keys and publishing their public halves."""

import json
from pathlib import Path

import click

from sidecar.cli.api_key import api_key_command
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure, read_file
from sidecar.cli.output import write_new
from sidecar.cli.private_file import read_private_key
from sidecar.keys.jwk import JwkError
from sidecar.keys.signing import SigningKey, generate, key_set_document, read_signing_key

_FILE = click.Path(path_type=Path)


@click.group()
def keys() -> None:
    """Generate Ed25519 keys, key sets and API keys."""


keys.add_command(api_key_command)


@keys.command("generate")
@click.option("--kid", help="Key id. Default: the key's thumbprint (RFC 7638).")
@click.option("--out", type=_FILE, required=True, help="Private JWK, created with mode 0600.")
@click.option("--jwks", type=_FILE, help="Also write the public key set here.")
@click.option("--keep", is_flag=True, help="Where --out is there already, take its key: may be run again and again.")
def generate_command(*, kid: str | None, out: Path, jwks: Path | None, keep: bool) -> None:
    """Generate an Ed25519 signing key.

    \b
    Example:
      authz-sidecar keys generate --out signing.jwk --jwks jwks.json
    """
    kept = keep and out.exists()
    key = _kept_key(out, kid) if kept else generate(kid)
    published = key_set_document([key])
    if jwks is not None and kept and _is_there(jwks, published):
        jwks = None
    if jwks is not None and jwks.exists():
        raise Failure(f"{jwks}: exists; remove it or choose another name", ExitCode.USAGE)
    if not kept:
        write_new(out, json.dumps(key.private_jwk(), indent=2) + "\n", 0o600)
    if jwks is not None:
        write_new(jwks, published, 0o644)
    click.echo(key.key_id)


def _kept_key(out: Path, kid: str | None) -> SigningKey:
    key = read_private_key(out)
    if kid is not None and kid != key.key_id:
        raise Failure(f"{out}: has the key {key.key_id!r}, not {kid!r}; choose another name", ExitCode.USAGE)
    return key


def _is_there(jwks: Path, published: str) -> bool:
    return jwks.exists() and read_file(jwks) == published.encode()


@keys.command("jwks")
@click.argument("private_keys", type=_FILE, nargs=-1, required=True)
def jwks_command(private_keys: tuple[Path, ...]) -> None:
    """Print the public key set of PRIVATE_KEYS (JWK files).

    \b
    Example, for a rotation with both keys published:
      authz-sidecar keys jwks old.jwk new.jwk >jwks.json
    """
    click.echo(key_set_document([read_key(path) for path in private_keys]), nl=False)


def read_key(path: Path) -> SigningKey:
    """Read a private JWK file; raises ``Failure``."""
    try:
        return read_signing_key(read_file(path))
    except JwkError as error:
        raise Failure(f"{path}: {error}", ExitCode.USAGE) from None
