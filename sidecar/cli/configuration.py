"""The configuration as commands take it: ``--config`` or AUTHZ_CONFIG, and problems printed one a line."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.core.trust import Trust
from sidecar.loading.load import Configuration, load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.snapshot import Snapshot, take_snapshot
from sidecar.loading.trust import Loaded, load_trust

_Command = TypeVar("_Command", bound=Callable[..., object])
_Result = TypeVar("_Result")


def config_option(command: _Command) -> _Command:
    """Add ``--config`` to a command."""
    return click.option(
        "--config",
        "config",
        type=click.Path(path_type=Path),
        envvar="AUTHZ_CONFIG",
        required=True,
        show_envvar=True,
        help="Configuration file.",
    )(command)


def say_that_hooks_are_not_asked(trust: Trust) -> None:
    """Tell of hooks that a command leaves out, on standard error."""
    if trust.hooks:
        names = ", ".join(hook.name for hook in trust.hooks)
        click.echo(f"note: policies alone, hooks are not asked: {names}", err=True)


def load(path: Path) -> tuple[Configuration, Loaded]:
    """Load a configuration with its keys and policies; raises ``Failure`` (USAGE) with a line for each problem."""
    return _load(path, lambda configuration: (configuration, load_trust(configuration)))


def load_settings(path: Path) -> Configuration:
    """Load a configuration without its keys; raises as ``load`` does."""
    return _load(path, lambda configuration: configuration)


def load_snapshot(path: Path) -> tuple[Snapshot, Loaded]:
    """Load a configuration as it is handed to processes; raises as ``load`` does."""
    return _load(path, take_snapshot)


def _load(path: Path, compiled: Callable[[Configuration], _Result]) -> _Result:
    try:
        return compiled(load_configuration(path, os.environ))
    except ConfigurationError as error:
        raise Failure(str(error), ExitCode.USAGE) from None
