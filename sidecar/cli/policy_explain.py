"""``authz-sidecar policy explain``."""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from rich.console import Console

from sidecar.cases.asked import with_token
from sidecar.cases.decision_tree import tree
from sidecar.cases.explained import explained
from sidecar.cases.model import CaseSettings
from sidecar.cases.run import UnansweredError, prepare
from sidecar.cases.trial_trust import trial_of
from sidecar.cli.administered import Administered
from sidecar.cli.administration import Access, access_options, administered_at
from sidecar.cli.configuration import load
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.cli.printable import printable
from sidecar.core.authenticate import KeyMissing
from sidecar.core.reason import Refusal
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.core.trust import Trust
from sidecar.loading.load import Configuration
from sidecar.loading.places import places_of
from sidecar.verify.token import identity_in

_OK, _BAD_REQUEST = 200, 400


@click.command("explain")
@click.option(
    "--config", type=click.Path(path_type=Path), envvar="AUTHZ_CONFIG", show_envvar=True, help="Configuration file."
)
@click.option(
    "--against",
    metavar="ADDRESS",
    help="Ask a running sidecar's admin instead: unix:/path, https://HOST:PORT, IP:PORT.",
)
@access_options
@click.option("--request", "request", required=True, help="METHOD URL, or a JSON object as in a file of cases.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header of the request; repeatable.")
@click.option("--token", help="The token, or - for standard input. It is verified as in a check.")
@click.option("--claims", help="Instead: claims of a good token, a JSON object; iss, aud, iat, exp may be left out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain_command(  # noqa: PLR0913 - one an option
    *,
    config: Path | None,
    against: str | None,
    access: Access,
    request: str,
    headers: tuple[str, ...],
    token: str | None,
    claims: str | None,
    as_json: bool,
) -> None:
    """Say which policy, which rule and which condition decide on a request, with the values that were looked at.

    With --claims the token is one of ours with these claims, and nothing is fetched. With --token it is verified with
    the configured keys, which are fetched once where they have to be. With --against a running sidecar says what it
    would decide: under the configuration it has now, with the keys and the revocations that it knows.

    \b
    Example:
      authz-sidecar policy explain --config authz.yaml --request "GET https://api.example.com/orders/1" \\
        --claims '{"sub": "alice", "groups": ["staff"]}'
      authz-sidecar policy explain --against unix:/run/authz/admin.sock --token - \\
        --request "GET https://api.example.com/orders/1" <token.txt
    """
    if claims is not None and (token is not None or against is not None):
        raise Failure("--claims: goes with neither --token nor --against", ExitCode.USAGE)
    case, compact = _case(request, headers, claims), None if token is None else _read_token(token)
    if against is not None:
        found: Mapping[str, Any] = _asked(administered_at(against, access), case, compact)
    elif config is not None:
        found = _explained(config, case, compact)
    else:
        raise Failure("give --config (or AUTHZ_CONFIG), or --against", ExitCode.USAGE)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        Console().print(tree(_printable(found)))
    if found["decision"] != "allow":
        raise click.exceptions.Exit(ExitCode.NO)


def _explained(config: Path, case: CaseSettings, token: str | None) -> dict[str, Json]:
    configuration, loaded = load(config)
    places = places_of(configuration.document)
    if token is None:
        trial = trial_of(loaded.trust)
        return explained(prepare(case, trial), trial.trust, places=places)
    now = time.time()
    try:
        trust = _with_keys(configuration, loaded.trust, token, now)
        return explained(with_token(case.request, token, trust, now), trust, places=places)
    except UnansweredError as error:
        raise Failure(f"{error}; a running sidecar does: --against", ExitCode.USAGE) from None


def _with_keys(configuration: Configuration, trust: Trust, token: str, now: float) -> Trust:
    """Return ``trust`` with the keys that the token takes, where these are fetched."""
    try:
        identity_in(token.encode(), trust, now)
    except KeyMissing as missing:
        from sidecar.cli.fetched import trust_with_keys_of  # noqa: PLC0415 - 200 ms, for this alone

        return trust_with_keys_of(missing.issuer.issuer, configuration)
    except Refusal:
        pass  # the check says why
    return trust


def _asked(sidecar: Administered, case: CaseSettings, token: str | None) -> Mapping[str, Any]:
    asked: dict[str, Any] = {"request": case.request.model_dump(by_alias=True, exclude_none=True)}
    if token is not None:
        asked["token"] = token
    status, text = sidecar.post("/explain", json.dumps(asked).encode())
    if status != _OK:
        code = ExitCode.USAGE if status == _BAD_REQUEST else ExitCode.UNAVAILABLE
        raise Failure(f"{sidecar.address}: {status} {text}", code)
    return _object("the sidecar's answer", text)


def _read_token(text: str) -> str:
    raw = sys.stdin.read() if text == "-" else text
    found = raw.strip().removeprefix("Bearer ").strip()
    if not found or not found.isascii() or not found.isprintable():
        raise Failure("--token: empty, or with characters that no token has", ExitCode.USAGE)
    return found


def _case(request: str, headers: tuple[str, ...], claims: str | None) -> CaseSettings:
    members: dict[str, Any] = {"name": "asked", "expect": {"decision": "allow"}, "request": _request(request)}
    named = members["request"].setdefault("headers", {})
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon:
            raise Failure(f"--header {header!r}: write NAME:VALUE", ExitCode.USAGE)
        named[name.strip().lower()] = value.strip()
    if claims is not None:
        members["token"] = _object("--claims", claims)
    try:
        case = CaseSettings.model_validate(members)
    except ValidationError as error:
        lines = (f"--request {'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
        raise Failure("\n".join(lines), ExitCode.USAGE) from None
    return case


def _request(text: str) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        return _object("--request", text)
    method, space, url = text.strip().partition(" ")
    scheme, found, rest = url.strip().partition("://")
    if not space or not found:
        raise Failure(f"--request {text!r}: write 'METHOD https://host/path', or a JSON object", ExitCode.USAGE)
    host, slash, path = rest.partition("/")
    return {"method": method, "scheme": scheme, "host": host, "path": slash + path or "/"}


def _printable(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return what is safe to print: it has claims, headers and, with --against, whatever somebody answers."""
    if isinstance(value, str):
        return printable(value, "\n")
    if isinstance(value, list):
        return [_printable(one) for one in value]
    if isinstance(value, dict):
        return {printable(name): _printable(one) for name, one in value.items()}
    return value


def _object(option: str, text: str) -> dict[str, Any]:
    try:
        return dict(loads_object(text.encode()))
    except JsonError as error:
        raise Failure(f"{option}: not a JSON object: {error}", ExitCode.USAGE) from None
