"""What only the machine at hand can tell of the decision log: whether its folder and its key are there."""

import stat
from collections.abc import Iterator
from pathlib import Path

from sidecar.decision_log.masks import LEAST_KEY_BYTES, MOST_KEY_BYTES
from sidecar.loading.load import Configuration
from sidecar.loading.problem import ConfigurationError, FieldPath
from sidecar.loading.secret_key import read_secret_key


def require_decision_log(configuration: Configuration) -> None:
    """Raise ``ConfigurationError`` where decisions could not be logged as the configuration has it."""
    problems = [configuration.problem(("decision_log", *path), text) for path, text in _problems(configuration)]
    if problems:
        raise ConfigurationError(problems)


def read_hash_key(folder: Path, name: str) -> bytes:
    """Read the key of hashes; raises ``ValueError``, whose text has nothing of what is in the file."""
    return read_secret_key(folder, name, LEAST_KEY_BYTES, MOST_KEY_BYTES)


def _problems(configuration: Configuration) -> Iterator[tuple[FieldPath, str]]:
    settings, folder = configuration.settings.decision_log, configuration.document.path.parent
    if settings.file is not None:
        problem = _problem_of_file(folder / settings.file)
        if problem:
            yield ("file",), problem
    if settings.hash_key_file is not None:
        try:
            read_hash_key(folder, settings.hash_key_file)
        except ValueError as error:
            yield ("hash_key_file",), str(error)


def _problem_of_file(file: Path) -> str:
    try:
        if not file.parent.is_dir():
            return f"there is no folder {str(file.parent)!r}; make it first, for the user that the sidecar runs as"
        if file.exists() and not stat.S_ISREG(file.stat().st_mode):
            return f"{str(file)!r} is no regular file; for standard output write 'stdout: true'"
    except (OSError, ValueError) as error:
        return f"cannot be looked at: {error}"
    return ""
