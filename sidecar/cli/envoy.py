"""``authz-sidecar envoy``."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sidecar.cli.configuration import config_option, load
from sidecar.cli.envoy_tls import reached_options, secrets_command
from sidecar.cli.envoy_xds import write, xds_options
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.extra import require_demo
from sidecar.cli.failure import Failure
from sidecar.cli.output import as_yaml
from sidecar.loading.addresses import addresses

if TYPE_CHECKING:
    from sidecar.envoy_config.options import EnvoyOptions

#: Those of ``envoy_config.parts``, which an image without the extra does not have.
PARTS = ("filter", "cluster", "manager", "routes")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line says: addresses as host and port, and what ``envoy_config.matching.Reached`` has."""

    listener: tuple[str, int]
    upstream: tuple[str, int]
    servers: int | None
    all_headers: bool
    trace_to: str | None
    trace_percent: float
    reached: Mapping[str, str | None]


@click.group()
def envoy() -> None:
    """Envoy's own configuration, made for the sidecar's."""


envoy.add_command(secrets_command)


@envoy.command("config")
@config_option
@click.option("--listener", default="127.0.0.1:8080", show_default=True, help="Where clients reach Envoy.")
@click.option("--upstream", default="127.0.0.1:8081", show_default=True, help="The application.")
@click.option("--servers", type=click.IntRange(min=1), help="The sidecar's servers, where its 'servers' does not say.")
@reached_options
@click.option(
    "--all-headers",
    is_flag=True,
    help="Have all headers sent, also those no policy looks at; always so with a policy_bundle.",
)
@click.option("--trace-to", metavar="HOST:PORT", help="A collector (OTLP over gRPC) that Envoy sends spans to.")
@click.option(
    "--trace-percent", type=click.FloatRange(0, 100), default=1.0, show_default=True, help="How many it traces."
)
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="A part of it; may be given several times.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of YAML.")
@xds_options
def config_command(  # noqa: PLR0913 - one an option
    *,
    config: Path,
    listener: str,
    upstream: str,
    servers: int | None,
    all_headers: bool,
    trace_to: str | None,
    trace_percent: float,
    only: tuple[str, ...],
    as_json: bool,
    xds: Path | None,
    xds_as: str | None,
    **reached: str | None,
) -> None:
    """Print a complete Envoy bootstrap for one application and this sidecar; with --only, parts to put into yours.

    Parts are named as the fields they belong into: 'filter' (httpFilters of the connection manager) and 'cluster'
    (clusters) are what asks the sidecar. 'manager' (fields of the connection manager) and 'routes' (fields of the
    virtual host, its routes before yours) are what holds where the sidecar is not asked, and what it relies on.

    What must be the same on both sides is: endpoints, identity headers, path mode, and which headers the sidecar is
    sent. Make it anew whenever the sidecar's configuration changes in these; until then the sidecar denies, with the
    reason envoy_config_stale, what it could not decide on for want of a header.

    With --xds a running Envoy takes the new ones by itself: it is started with bootstrap.json of that folder.

    \b
    Example:
      authz-sidecar envoy config --config authz.yaml --listener 0.0.0.0:8080 > envoy.yaml
      envoy -c envoy.yaml
      authz-sidecar envoy config --config authz.yaml --only filter --only cluster
    """
    ends = _endpoint("listener", listener), _endpoint("upstream", upstream)
    asked = _Asked(*ends, servers, all_headers, trace_to, trace_percent, reached)
    require_demo()
    try:
        options = _options(config, asked)
        if xds is not None:
            _refuse_parts(only, as_json=as_json)
            _write_xds(options, xds, xds_as)
            return
        document = _made(options, only)
    except ValueError as error:
        raise Failure(str(error), ExitCode.USAGE) from None
    click.echo(document if as_json else as_yaml(json.loads(document)), nl=as_json)


def _refuse_parts(only: Collection[str], *, as_json: bool) -> None:
    if only or as_json:
        raise Failure("--xds writes all of it, as JSON; leave out --only and --json", ExitCode.USAGE)


def _write_xds(options: "EnvoyOptions", folder: Path, seen_as: str | None) -> None:
    from sidecar.envoy_config.dynamic import resources  # noqa: PLC0415 - an extra that the image does not have

    write(resources(options, seen_as or str(folder.resolve())), folder)


def _options(config: Path, asked: _Asked) -> "EnvoyOptions":
    """Return what Envoy is to be told; raises ``ValueError`` for what does not go together."""
    from sidecar.envoy_config.matching import Reached, options_for  # noqa: PLC0415 - as above
    from sidecar.envoy_config.telemetry import with_headers_told  # noqa: PLC0415 - as above

    configuration, loaded = load(config)
    settings = configuration.settings
    count = asked.servers or settings.servers
    if count is None:
        raise Failure("'servers' is not in the configuration: each machine has its own; add --servers", ExitCode.USAGE)
    # What a bundle's policies look at nobody knows here.
    every = asked.all_headers or settings.policy_bundle is not None
    found = options_for(
        loaded.trust, addresses(settings, count), settings.tls, Reached(**asked.reached), all_headers=every
    )
    (listens, on), (host, port) = asked.listener, asked.upstream
    found = replace(with_headers_told(found, settings), trace_to=asked.trace_to, trace_percent=asked.trace_percent)
    return replace(found, listener_address=listens, listener_port=on, upstream_address=host, upstream_port=port)


def _made(options: "EnvoyOptions", only: Collection[str]) -> str:
    """Return the bootstrap, or parts of it, as JSON."""
    from sidecar.envoy_config.bootstrap import to_json  # noqa: PLC0415 - as above
    from sidecar.envoy_config.parts import parts  # noqa: PLC0415 - as above

    if not only:
        return to_json(options)
    chosen = [part for name, part in parts(options).items() if name in only]
    return json.dumps({name: value for part in chosen for name, value in part.items()}, indent=2)


def _endpoint(name: str, text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise Failure(f"--{name}: {text!r} is no address; write HOST:PORT", ExitCode.USAGE)
    return host.removeprefix("[").removesuffix("]"), int(port)
