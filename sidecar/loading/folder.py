"""The files of a folder, as they are at one moment.

Kubernetes mounts a ConfigMap as a folder whose files are links through ``..data``, a link that is exchanged when they
change; others exchange the whole folder. What is read is where that leads at first, and it is looked again afterwards:
no file of the old ones is ever read beside one of the new, and none is missed.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from sidecar.loading.problem import ConfigurationError, Problem

ENDINGS = (".yaml", ".yml", ".json")
_EXCHANGED = "..data"
#: Of file systems, not of anybody's.
_OURS_IS_NOT = frozenset({"lost+found"})
_TRIES = 3

T = TypeVar("T")


def read_folder(folder: Path, read: Callable[[Sequence[Path]], T]) -> T:
    """Return what ``read`` makes of the YAML files of a folder, by name; raises ``ConfigurationError``."""
    for _ in range(_TRIES):
        files = files_in(folder)
        try:
            found = read(files)
        except ConfigurationError:
            if files_in(folder) == files:
                raise
            continue
        if files_in(folder) == files:
            return found
    raise ConfigurationError([Problem(str(folder), "", "changes while it is read; it is tried again")])


def files_in(folder: Path) -> Sequence[Path]:
    """Return the files of a folder whose names end as YAML's do, by name; raises ``ConfigurationError``.

    Names that begin with a dot are left out. What else is there and cannot be read so is refused: a policy that is
    left out by mistake may be one that denies.
    """
    try:
        place = _place(folder)
        found = [one for one in sorted(place.iterdir()) if not one.name.startswith(".")]
        problems = [*_problems(found), *(_problems_beside(folder) if place != folder.resolve() else ())]
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to themselves, up to Python 3.12
        text = getattr(error, "strerror", None) or "its links lead nowhere"
        raise ConfigurationError([Problem(str(folder), "", f"cannot be read: {text}")]) from None
    chosen = [one for one in found if _is_yaml(one)]
    if not chosen and not problems:
        problems = [Problem(str(folder), "", f"has no file that ends in {', '.join(ENDINGS)}")]
    if problems:
        raise ConfigurationError(problems)
    return chosen


def _place(folder: Path) -> Path:
    exchanged = folder / _EXCHANGED
    return exchanged.resolve(strict=True) if exchanged.is_symlink() else folder.resolve(strict=True)


def _problems(found: Sequence[Path]) -> Iterator[Problem]:
    for one in found:
        if one.is_dir() and one.name not in _OURS_IS_NOT:
            yield Problem(str(one), "", "is a folder, and nothing in it would be read; move its files up, or it out")
        elif _is_yaml(one) and not one.is_file():
            yield Problem(str(one), "", "leads to no file")


def _problems_beside(folder: Path) -> Iterator[Problem]:
    """Yield what stands beside a mounted ConfigMap's own links."""
    for one in sorted(folder.iterdir()):
        is_link = one.is_symlink() and one.readlink().parts[:1] == (_EXCHANGED,)
        if not one.name.startswith(".") and _is_yaml(one) and not is_link:
            yield Problem(str(one), "", f"is not of what {_EXCHANGED} leads to, and would not be read; move it out")


def _is_yaml(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS
