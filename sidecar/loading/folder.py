"""The files of a folder, as they are at one moment.

Kubernetes mounts a ConfigMap as a folder whose files are links through ``..data``, a link that is exchanged when they
change. They are read from where that leads at first: no file of the old ones is ever read beside one of the new.
"""

from collections.abc import Sequence
from pathlib import Path

from sidecar.loading.problem import ConfigurationError, Problem

ENDINGS = frozenset({".yaml", ".yml", ".json"})
_EXCHANGED = "..data"


def files_in(folder: Path) -> Sequence[Path]:
    """Return the files of a folder that end as YAML does, by name; raises ``ConfigurationError``.

    Those whose names begin with a dot are left out, and folders within it.
    """
    try:
        exchanged = folder / _EXCHANGED
        found = sorted((exchanged.resolve() if exchanged.is_symlink() else folder).iterdir())
        chosen = [
            one for one in found if one.suffix.lower() in ENDINGS and not one.name.startswith(".") and one.is_file()
        ]
    except OSError as error:
        raise ConfigurationError([Problem(str(folder), "", f"cannot be read: {error.strerror}")]) from None
    if not chosen:
        raise ConfigurationError([Problem(str(folder), "", f"has no file that ends in {', '.join(sorted(ENDINGS))}")])
    return chosen
