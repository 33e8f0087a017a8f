"""``authz-sidecar envoy config --xds``: files, each put in its place by a rename."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure

_Command = TypeVar("_Command", bound=Callable[..., object])


def xds_options(command: _Command) -> _Command:
    """Add ``--xds`` and ``--xds-as`` to a command."""
    folder = click.Path(path_type=Path, exists=True, file_okay=False)
    seen = click.option("--xds-as", metavar="PATH", help="That folder as Envoy sees it. Default: as it is here.")
    return click.option("--xds", type=folder, help="Write files for Envoy's xDS into this folder; print nothing.")(
        seen(command)
    )


def write(files: Mapping[str, str], folder: Path) -> None:
    """Put files in their places, in their order; raises ``Failure`` (USAGE) where the system does not let it.

    Those that have not changed stay: Envoy would take them for new.
    """
    try:
        for name, text in files.items():
            place = folder / name
            if place.is_file() and place.read_text(encoding="utf-8") == text:
                continue
            new = folder / f".{name}.new"
            new.write_text(text, encoding="utf-8")
            new.replace(place)
    except OSError as error:
        raise Failure(f"{error.filename}: cannot be written: {error.strerror}", ExitCode.USAGE) from None
