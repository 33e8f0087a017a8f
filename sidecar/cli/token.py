"""``authz-sidecar token``: minting, looking at and verifying tokens."""

import json
import sys
import time
from pathlib import Path

import click

from sidecar.cli.configuration import config_option, load
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.cli.inspection import inspect_token
from sidecar.cli.mint import mint_command
from sidecar.core.authenticate import KeyMissing
from sidecar.core.identity import Identity
from sidecar.core.reason import OUTCOMES, Refusal
from sidecar.core.strict_json import Json
from sidecar.verify.token import identity_in


@click.group()
def token() -> None:
    """Mint, inspect and verify tokens."""


token.add_command(mint_command)


@token.command("inspect")
@click.argument("text", metavar="[TOKEN]", default="-")
def inspect_command(text: str) -> None:
    """Show what is in TOKEN (or standard input), WITHOUT verifying it.

    \b
    Example:
      pbpaste | authz-sidecar token inspect
    """
    try:
        click.echo(inspect_token(_read_token(text), time.time()))
    except Refusal as refusal:
        raise Failure(f"no JWT: {refusal.detail}", ExitCode.NO) from None


@token.command("verify")
@config_option
@click.argument("text", metavar="[TOKEN]", default="-")
def verify_command(config: Path, text: str) -> None:
    """Verify TOKEN (or standard input) as the sidecar would; print its identity, or the reason it is refused.

    Where the keys of its issuer are fetched (url, discovery) they are fetched once, with the same limits.

    \b
    Example:
      authz-sidecar token verify --config authz.yaml <token.txt
    """
    configuration, loaded = load(config)
    compact, now = _read_token(text), time.time()
    try:
        try:
            identity = identity_in(compact, loaded.trust, now)
        except KeyMissing as missing:
            from sidecar.cli.fetched import trust_with_keys_of  # noqa: PLC0415 - 200 ms, for this alone

            identity = identity_in(compact, trust_with_keys_of(missing.issuer.issuer, configuration), now)
    except Refusal as refusal:
        message = f"refused: {refusal.reason}: {OUTCOMES[refusal.reason].message}"
        raise Failure(f"{message} ({refusal.detail})", ExitCode.NO) from None
    click.echo(json.dumps(_described(identity), indent=2))


def _described(identity: Identity) -> dict[str, Json]:
    return {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "principal": identity.principal,
        "audiences": list(identity.audiences),
        "scopes": [*sorted(identity.scopes)],
        "claims": dict(identity.claims),
    }


def _read_token(text: str) -> bytes:
    raw = sys.stdin.read() if text == "-" else text
    return raw.strip().removeprefix("Bearer ").strip().encode("utf-8", "surrogateescape")
