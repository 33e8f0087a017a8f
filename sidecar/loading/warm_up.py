"""What only the machine at hand can tell of warm-up: whether its key and its folder are there."""

from collections.abc import Iterator
from pathlib import Path

from sidecar.loading.load import Configuration
from sidecar.loading.problem import ConfigurationError, FieldPath
from sidecar.loading.secret_key import read_secret_key
from sidecar.settings import Settings
from sidecar.warming.keys import LEAST_KEY_BYTES, MOST_KEY_BYTES, WarmUpKeys, keys_of


def require_warm_up(configuration: Configuration) -> None:
    """Raise ``ConfigurationError`` where no snapshot could be kept as the configuration has it."""
    problems = [configuration.problem(("warm_up", *path), text) for path, text in _problems(configuration)]
    if problems:
        raise ConfigurationError(problems)


def read_warm_up_keys(folder: Path, name: str) -> WarmUpKeys:
    """Read the key; raises ``ValueError``, whose text has nothing of what is in the file."""
    return keys_of(read_secret_key(folder, name, LEAST_KEY_BYTES, MOST_KEY_BYTES))


def warm_up_keys(settings: Settings, folder: Path) -> WarmUpKeys | None:
    """Return the keys, if there is to be a snapshot; raises ``ValueError`` where the file has changed since."""
    return None if settings.warm_up is None else read_warm_up_keys(folder, settings.warm_up.key_file)


def _problems(configuration: Configuration) -> Iterator[tuple[FieldPath, str]]:
    settings, folder = configuration.settings.warm_up, configuration.document.path.parent
    if settings is None:
        return
    parent = (folder / settings.snapshot_file).parent
    if not parent.is_dir():
        yield (
            ("snapshot_file",),
            f"there is no folder {str(parent)!r}; make it first, for the user that the sidecar runs as",
        )
    try:
        read_warm_up_keys(folder, settings.key_file)
    except ValueError as error:
        yield ("key_file",), str(error)
