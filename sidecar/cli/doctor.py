"""``authz-sidecar doctor``: what it was given, what it made of it, and what is wrong."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from sidecar.cli.administration import Access, access_options, administered_by
from sidecar.cli.doctor_tables import tables
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.cli.report import PIPED_WIDTH
from sidecar.doctor import files, given, made, wire
from sidecar.doctor.finding import findings
from sidecar.doctor.snapshot import Running, Snapshot
from sidecar.loading.load import Configuration, load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.trust import load_trust
from sidecar.report.wire import WireError, decode
from sidecar.settings import Settings

_USER = re.compile(r"([0-9]{1,9}):([0-9]{1,9}(?:,[0-9]{1,9}){0,31})", re.ASCII)


@dataclass
class _Notes:
    """``problems`` are those of a configuration that is refused, ``unknown`` is what could not be looked at."""

    problems: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="AUTHZ_CONFIG",
    show_envvar=True,
    help="Configuration file. Without one the machine alone is looked at.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON (docs/doctor.md).")
@click.option(
    "--envoy-user",
    metavar="UID:GID",
    help="Envoy's user and group by number, more groups after commas: say whether it may connect to the Unix sockets.",
)
@access_options
def doctor(*, config: Path | None, as_json: bool, envoy_user: str | None, access: Access) -> int:
    """Say what the sidecar is given here, what it makes of it, and what is wrong, each with the line to change.

    Run it where the sidecar runs: in its container, as its user. With 'admin.listen' the one that runs is asked too.
    Nothing is changed. Exit code 0: nothing is wrong; 1: something is; 2: the configuration or the command line is.

    \b
    Examples:
      authz-sidecar doctor --config authz.yaml
      authz-sidecar doctor --config authz.yaml --envoy-user 101:101
    """
    envoy = _user(envoy_user)
    notes = _Notes()
    seen = _look(config, envoy, access, notes)
    found = findings(seen)
    if as_json:
        click.echo(wire.encode(seen, found, notes.problems, notes.unknown))
    else:
        terminal = Console()
        console = terminal if terminal.is_terminal else Console(width=PIPED_WIDTH)
        for part in tables(seen, found, notes.problems, notes.unknown):
            # A line a finding, for who looks through it with other programs.
            console.print(part, soft_wrap=not terminal.is_terminal and isinstance(part, Text))
    if notes.problems:
        return ExitCode.USAGE
    return ExitCode.NO if found else ExitCode.OK


def _look(config: Path | None, envoy: files.User | None, access: Access, notes: _Notes) -> Snapshot:
    machine, allowance = given.look(notes.unknown.append)
    seen = Snapshot(machine)
    if config is None:
        notes.unknown.append("processes, memory and files: no configuration was given (--config, or AUTHZ_CONFIG)")
        return seen
    configuration = _load(notes, lambda: load_configuration(config, os.environ))
    if configuration is None:
        return seen
    settings, folder = configuration.settings, config.parent
    warnings = _warnings(configuration, notes)
    return replace(
        seen,
        made=made.make(settings, allowance, _Once(notes.unknown)),
        files=tuple(one for one in files.files(settings, folder) if not _is_told(one.setting, notes.problems)),
        socket=files.socket(settings, envoy),
        forward_auth_socket=files.forward_auth_socket(settings, envoy),
        warnings=warnings,
        running=_running(settings, folder, access, notes),
    )


class _Once:
    """Takes note of each text once: the machine is asked twice."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    def __call__(self, text: str) -> None:
        if not any(text.rpartition(": ")[2] in one for one in self._texts):
            self._texts.append(text)


def _load(notes: _Notes, read: Callable[[], Configuration]) -> Configuration | None:
    try:
        return read()
    except ConfigurationError as error:
        notes.problems.extend(map(str, error.problems))
        return None


def _warnings(configuration: Configuration, notes: _Notes) -> tuple[str, ...]:
    try:
        return load_trust(configuration).warnings
    except ConfigurationError as error:
        notes.problems.extend(map(str, error.problems))
        return ()


def _is_told(setting: str, problems: Sequence[str]) -> bool:
    return any(f": {setting}: " in one for one in problems)


def _running(settings: Settings, folder: Path, access: Access, notes: _Notes) -> Running | None:
    if settings.admin.listen is None:
        notes.unknown.append("the sidecar that runs: admin.listen is not set, so there is nobody to ask")
        return None
    try:
        report = decode(administered_by(settings.admin, folder, access).get("/report").encode())
    except (Failure, WireError) as error:
        notes.unknown.append(f"the sidecar that runs: {error}")
        return None
    return Running(report.setup.servers, report.setup.verifiers, report.machine.pss_bytes)


def _user(text: str | None) -> files.User | None:
    if text is None:
        return None
    match = _USER.fullmatch(text)
    if match is None:
        raise Failure(f"--envoy-user {text!r}: write UID:GID, by number, more groups after commas", ExitCode.USAGE)
    return int(match[1]), tuple(map(int, match[2].split(",")))
