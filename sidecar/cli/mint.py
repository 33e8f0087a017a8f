"""``authz-sidecar token mint``: signing one token, or many."""

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from sidecar.cli.claims_given import from_file, from_lines, from_options, payload
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.core.strict_json import Json
from sidecar.tokens.batch import WorkerLostError, sign_batch
from sidecar.tokens.key_file import KeyFile, SigningKeyError

_FILE = click.Path(path_type=Path)


@click.command("mint")
@click.option("--key", type=_FILE, required=True, help="Private key: JWK or PEM; Ed25519, RSA or EC.")
@click.option(
    "--algorithm",
    type=click.Choice([one.value for one in ASYMMETRIC]),
    help="For a key without alg. Default: its usual one.",
)
@click.option("--kid", help="For a key without kid. Default: its thumbprint (RFC 7638).")
@click.option("--type", "token_type", default="JWT", show_default=True, help="typ, such as at+jwt (RFC 9068).")
@click.option("--issuer", help="iss")
@click.option("--subject", help="sub")
@click.option("--audience", "audiences", multiple=True, help="aud; may be given several times.")
@click.option("--scope", default="", help="scope, separated by spaces.")
@click.option("--expires-in", type=int, default=300, show_default=True, help="Seconds from now; negative: expired.")
@click.option(
    "--claim", "claims", multiple=True, metavar="NAME=JSON", help="More claims; text that is no JSON is a string."
)
@click.option("--claims", "claims_file", type=_FILE, help="A JSON object with claims; they come before all options.")
@click.option("--batch", is_flag=True, help="A token for each line of standard input, a JSON object with its claims.")
@click.option(
    "--workers",
    type=click.IntRange(0, 256),
    default=0,
    envvar="AUTHZ_JWT_PROCESSOR_WORKERS",
    show_envvar=True,
    help="Processes that sign a batch; 0: this one.",
)
def mint_command(  # noqa: PLR0913 - one parameter an option
    *,
    key: Path,
    algorithm: str | None,
    kid: str | None,
    token_type: str,
    issuer: str | None,
    subject: str | None,
    audiences: tuple[str, ...],
    scope: str,
    expires_in: int,
    claims: tuple[str, ...],
    claims_file: Path | None,
    batch: bool,
    workers: int,
) -> None:
    """Sign a token, or a batch of them. Claims are signed as they are, also when no verifier would take them.

    Of a batch either all tokens are signed or, where a line is wrong, none; they are printed a line each, in the order
    of the lines. A line's claims come before those of the options, which are for all.

    \b
    Example:
      authz-sidecar token mint --key signing.jwk --issuer https://idp.example --subject alice \\
        --audience orders --scope "orders:read" --claim tenant=acme --claim 'groups=["staff"]'
      authz-sidecar token mint --key signing.jwk --issuer https://idp.example --audience orders \\
        --batch --workers 4 <claims.jsonl >tokens.txt
    """
    now = int(time.time())
    common: dict[str, Json] = {"iat": now, "exp": now + expires_in}
    common |= from_options(issuer, subject, audiences, scope, claims)
    if claims_file is not None:
        common |= from_file(claims_file)
    payloads = [payload(place, common | dict(own)) for place, own in _wanted(claims_file, batch=batch)]
    file = KeyFile(key, Algorithm(algorithm) if algorithm else None, kid)
    try:
        for token in sign_batch(file, payloads, token_type, workers):
            click.echo(token)
    except SigningKeyError as error:
        raise Failure(str(error), ExitCode.USAGE) from None
    except WorkerLostError as error:
        raise Failure(f"{error}: the tokens until then are good, the rest is missing", ExitCode.UNAVAILABLE) from None


def _wanted(claims_file: Path | None, *, batch: bool) -> Iterator[tuple[str, Mapping[str, Json]]]:
    if batch:
        return from_lines(sys.stdin.buffer)
    return iter([("the token" if claims_file is None else str(claims_file), {})])
