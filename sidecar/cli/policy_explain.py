"""``authz-sidecar policy explain``."""

import json
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from rich.console import Console

from sidecar.cases.decision_tree import members, tree
from sidecar.cases.model import CaseSettings
from sidecar.cases.run import Prepared, prepare, run, situation
from sidecar.cases.trial_trust import trial_of
from sidecar.cli.configuration import config_option, load, say_that_hooks_are_not_asked
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.core.policy.explain import Explained, explain
from sidecar.core.reason import Refusal
from sidecar.core.strict_json import JsonError, loads_object
from sidecar.core.trust import Trust


@click.command("explain")
@config_option
@click.option("--request", "request", required=True, help="METHOD URL, or a JSON object as in a file of cases.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header of the request; repeatable.")
@click.option("--claims", help="Claims of the token, a JSON object; iss, aud, iat and exp may be left out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain_command(config: Path, request: str, headers: tuple[str, ...], claims: str | None, *, as_json: bool) -> None:
    """Say which policy, which rule and which condition decide on a request, with the values that were looked at.

    Nothing is asked or fetched: the token is one of ours with these claims. To see whether a token is good:
    authz-sidecar token verify.

    \b
    Example:
      authz-sidecar policy explain --config authz.yaml --request "GET https://api.example.com/orders/1" \\
        --claims '{"sub": "alice", "groups": ["staff"]}'
    """
    trust = load(config)[1].trust
    say_that_hooks_are_not_asked(trust)
    trial = trial_of(trust)
    prepared = prepare(_case(request, headers, claims), trial)
    found = run(prepared, trial.trust)
    policies = _explained(prepared, trial.trust)
    if as_json:
        click.echo(json.dumps(members(found, policies), indent=2))
    else:
        Console().print(tree(found, policies))
    if not found.allowed:
        raise click.exceptions.Exit(ExitCode.NO)


def _explained(prepared: Prepared, trust: Trust) -> tuple[Explained, ...]:
    try:
        return explain(trust.policy, situation(prepared, trust))
    except Refusal:
        return ()  # it never comes to policy; the decision says why


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


def _object(option: str, text: str) -> dict[str, Any]:
    try:
        return dict(loads_object(text.encode()))
    except JsonError as error:
        raise Failure(f"{option}: not a JSON object: {error}", ExitCode.USAGE) from None
