"""Writing results: YAML, files that are never overwritten by accident, secrets that only their owner can read."""

import io
import os
from collections.abc import Mapping
from pathlib import Path

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure


def as_yaml(document: Mapping[str, object]) -> str:
    """Return values that JSON has as YAML."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - 50 ms, for this alone

    text = io.StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.dump(document, text)
    return text.getvalue()


def replace_file(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, whatever is there; raises ``Failure`` where that cannot be."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{path}: cannot be written: {error.strerror}", ExitCode.UNAVAILABLE) from None


def write_new(path: Path, text: str, mode: int) -> None:
    """Create ``path`` with permission bits ``mode``; raises ``Failure`` where it exists or cannot be written.

    The bits are set when the file is made: a secret is not readable for even a moment.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise Failure(f"{path}: exists; remove it or choose another name", ExitCode.USAGE) from None
    except OSError as error:
        raise Failure(f"{path}: cannot be written: {error.strerror}", ExitCode.UNAVAILABLE) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
