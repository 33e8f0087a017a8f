"""``authz-sidecar policy bundle``: signing policies, and looking at what was signed."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from sidecar.bundle.message import Bundle, BundleError, read_bundle, read_unverified, sign
from sidecar.bundle.succession import Wanted, require
from sidecar.cli.configuration import load
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure, read_file
from sidecar.cli.printable import echo_line
from sidecar.cli.private_file import read_private_key
from sidecar.core.strict_json import Json
from sidecar.loading.bundle_file import policies_in
from sidecar.loading.bundled import configuration_with, read_signers
from sidecar.loading.problem import ConfigurationError
from sidecar.settings.policy_bundle import signers_of

_FILE = click.Path(path_type=Path)


@click.group()
def bundle() -> None:
    """Sign, verify and show policy bundles (docs/bundles.md)."""


@bundle.command("sign")
@click.option("--key", type=_FILE, required=True, help="Private Ed25519 JWK, mode 0600 (authz-sidecar keys generate).")
@click.option("--name", required=True, help="What the bundle is called; policy_bundle.name of who takes it.")
@click.option("--version", type=click.IntRange(min=1), required=True, help="A number that only grows.")
@click.option("--expires-in", type=click.IntRange(min=1), help="Seconds from now. Default: it does not expire.")
@click.option("--out", type=_FILE, required=True, help="The bundle; replaced where it is there.")
@click.argument("policies", type=_FILE, nargs=-1, required=True)
def sign_command(  # noqa: PLR0913 - one an option
    *, key: Path, name: str, version: int, expires_in: int | None, out: Path, policies: tuple[Path, ...]
) -> None:
    """Sign POLICIES: YAML files as in a policy folder, joined in this order.

    What is wrong with them is told as check-config does; nothing is written then.

    \b
    Example:
      authz-sidecar policy bundle sign --key signing.jwk --name orders --version 42 --out orders.jws policies/*.yaml
    """
    signer, now = read_private_key(key), int(time.time())
    content: dict[str, Json] = {"bundle": name, "version": version, "issued_at": now}
    if expires_in is not None:
        content["expires_at"] = now + expires_in
    try:
        compact = sign(content | {"policies": policies_in(policies)}, signer)
    except ConfigurationError as error:
        raise Failure(str(error), ExitCode.USAGE) from None
    except BundleError as error:
        raise Failure(f"such a bundle {error}", ExitCode.USAGE) from None
    _replace(out, compact)
    click.echo(f"{read_unverified(compact).title}: {len(compact)} bytes, signed with key {signer.key_id}")


@bundle.command("verify")
@click.option("--config", type=_FILE, help="A configuration with policy_bundle: its keys, name and min_version.")
@click.option("--keys", type=_FILE, help="Instead: a JWK Set with the public keys that are believed.")
@click.option("--name", help="With --keys: what the bundle must be called.")
@click.argument("file", type=_FILE)
def verify_command(*, config: Path | None, keys: Path | None, name: str | None, file: Path) -> None:
    """Verify FILE as the sidecar would; exit code 1: it would not be taken.

    With --config it is also held against the configuration, whose policies it stands beside.

    \b
    Example:
      authz-sidecar policy bundle verify --config authz.yaml orders.jws
    """
    if (config is None) is (keys is None):
        raise Failure("give --config or --keys, one of them", ExitCode.USAGE)
    compact = read_file(file)
    try:
        found = _by_keys(compact, keys, name) if keys is not None else _by_configuration(compact, config or Path())
    except BundleError as error:
        raise Failure(f"{file}: {error}", ExitCode.NO) from None
    click.echo(f"{found.title}: good; signed with key {found.key_id}")


@bundle.command("show")
@click.option("--json", "as_json", is_flag=True, help="All of it, as JSON.")
@click.argument("file", type=_FILE)
def show_command(*, as_json: bool, file: Path) -> None:
    """Show what is in FILE, WITHOUT verifying it.

    \b
    Example:
      authz-sidecar policy bundle show orders.jws
    """
    try:
        found = read_unverified(read_file(file))
    except BundleError as error:
        raise Failure(f"{file}: {error}", ExitCode.NO) from None
    if as_json:
        click.echo(json.dumps(_members(found), indent=2))
        return
    click.echo("NOT VERIFIED: anybody could have written this.")
    echo_line(found.title)
    echo_line(f"key      {found.key_id}")
    click.echo(f"issued   {_moment(found.issued_at)}")
    click.echo(f"expires  {'never' if found.expires_at is None else _moment(found.expires_at)}")
    for name, members in found.policies.items():
        echo_line(f"{name:<8} {_summary(members)}")


def _by_keys(compact: bytes, keys: Path, name: str | None) -> Bundle:
    try:
        believed = signers_of(read_file(keys))
    except ValueError as error:
        raise Failure(f"{keys}: {error}", ExitCode.USAGE) from None
    found = read_bundle(compact, believed)
    require(found, Wanted(name or found.name, 1), (), time.time())
    return found


def _by_configuration(compact: bytes, config: Path) -> Bundle:
    configuration, loaded = load(config)
    settings = configuration.settings.policy_bundle
    if settings is None:
        raise Failure(f"{config}: has no policy_bundle", ExitCode.USAGE)
    keys = settings.written_signers() or read_signers(configuration)
    assert keys is not None  # noqa: S101 - one of both is there, says the model
    found = read_bundle(compact, keys, settings.max_bytes)
    require(found, Wanted(settings.name, settings.min_version), (), time.time())
    try:
        configuration_with(configuration, found, loaded.trust.hooks)
    except ConfigurationError as error:
        raise BundleError(f"does not go with {config}: {error}") from None
    return found


def _replace(path: Path, content: bytes) -> None:
    """Write a file as a whole, so that a server that has it at hand never sends half of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Failure(f"{path}: cannot be written: {error.strerror}", ExitCode.UNAVAILABLE) from None


def _members(found: Bundle) -> dict[str, object]:
    times = {"issued_at": found.issued_at, "expires_at": found.expires_at}
    return (
        {"verified": False, "bundle": found.name, "version": found.version, "kid": found.key_id}
        | times
        | {"policies": found.policies}
    )


def _moment(at: int) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(sep=" ", timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return f"{at} s after 1970"


def _summary(members: Json) -> str:
    if not isinstance(members, list):
        return "no list"
    names = [f"{one.get('action')} {one.get('name')}" for one in members if isinstance(one, dict) and "name" in one]
    return ", ".join(names) or f"{len(members)} operation(s)"
