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
from sidecar.cli.keys import read_key
from sidecar.core.authenticate import believe, read_candidate
from sidecar.core.identity import Identity
from sidecar.core.needs import Verdict
from sidecar.core.reason import OUTCOMES, Refusal
from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust
from sidecar.tokens.mint import mint
from sidecar.verify.signature import verify


@click.group()
def token() -> None:
    """Mint, inspect and verify tokens."""


@token.command("mint")
@click.option("--key", type=click.Path(path_type=Path), required=True, help="Private Ed25519 JWK file.")
@click.option("--issuer", required=True, help="iss")
@click.option("--subject", required=True, help="sub")
@click.option("--audience", "audiences", multiple=True, required=True, help="aud; may be given several times.")
@click.option("--scope", default="", help="scope, separated by spaces.")
@click.option("--expires-in", type=int, default=300, show_default=True, help="Seconds from now; negative: expired.")
@click.option(
    "--claim", "claims", multiple=True, metavar="NAME=JSON", help="More claims; text that is no JSON is a string."
)
def mint_command(  # noqa: PLR0913 - one parameter an option
    *,
    key: Path,
    issuer: str,
    subject: str,
    audiences: tuple[str, ...],
    scope: str,
    expires_in: int,
    claims: tuple[str, ...],
) -> None:
    """Sign a token with an Ed25519 key.

    \b
    Example:
      authz-sidecar token mint --key signing.jwk --issuer https://idp.example --subject alice \\
        --audience orders --scope "orders:read" --claim tenant=acme --claim 'groups=["staff"]'
    """
    now = int(time.time())
    audience: Json = list(audiences) if len(audiences) > 1 else audiences[0]
    members: dict[str, Json] = {"iss": issuer, "sub": subject, "aud": audience, "iat": now, "exp": now + expires_in}
    if scope:
        members["scope"] = scope
    click.echo(mint(read_key(key), members | dict(_claim(text) for text in claims)))


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

    \b
    Example:
      authz-sidecar token verify --config authz.yaml <token.txt
    """
    _, loaded = load(config)
    try:
        identity = _verify(_read_token(text), loaded.trust, time.time())
    except Refusal as refusal:
        message = f"refused: {refusal.reason}: {OUTCOMES[refusal.reason].message}"
        raise Failure(f"{message} ({refusal.detail})", ExitCode.NO) from None
    click.echo(json.dumps(_described(identity), indent=2))


def _verify(compact: bytes, trust: Trust, now: float) -> Identity:
    candidate = read_candidate(compact, trust, now)
    unverified = candidate.token
    valid = verify(unverified.algorithm, candidate.key, unverified.signing_input, unverified.signature)
    return believe(candidate, Verdict(candidate.token_digest, candidate.trust_digest, valid), now)


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


def _claim(text: str) -> tuple[str, Json]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Failure(f"--claim {text!r}: write NAME=VALUE", ExitCode.USAGE)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
