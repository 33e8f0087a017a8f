"""Which tenants there are: one for each folder, by its name. Looks at names and links alone, and opens no file."""

import errno
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: As Kubernetes' names are, for namespace and service account with a dot between them. Sockets are named so, too.
NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,78}[a-z0-9])?", re.ASCII)
CONFIGURATION: Final = "authz.yaml"
#: What is said of a path that leads nowhere; all else says that it cannot be seen whether it does.
_NOWHERE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


@dataclass(frozen=True, slots=True)
class Found:
    """Folders by tenant, and what else there is, with what is wrong with it.

    ``unseen``: those of the refused that may well be folders, but cannot be looked at just now.
    """

    folders: Mapping[str, Path]
    refused: Mapping[str, str]
    unseen: frozenset[str] = frozenset()


def look(tenants: Path, most: int, known: Collection[str] = ()) -> Found:
    """Look into the folder of all tenants; raises ``OSError`` where that cannot be read.

    Names that begin with a dot are left out: they are Kubernetes' own (``..data``). Of more than ``most`` the last by
    name are refused, but never one that is ``known`` already for one that is not.
    """
    root = tenants.resolve(strict=True)
    entries = [entry for entry in tenants.iterdir() if not entry.name.startswith(".")]
    refused: dict[str, str] = {}
    unseen: set[str] = set()
    for entry in entries:
        try:
            problem = _problem(entry, root)
        except OSError as error:
            unseen.add(entry.name)
            problem = f"cannot be looked at: {error.strerror}"
        if problem is not None:
            refused[entry.name] = problem
    good = sorted(
        (entry for entry in entries if entry.name not in refused), key=lambda one: (one.name not in known, one.name)
    )
    folders = {entry.name: entry for entry in good}
    for name, other in _within(folders).items():
        del folders[name]
        refused[name] = f"is within the folder of {other!r}; give each tenant a folder of its own"
    for name in list(folders)[most:]:
        del folders[name]
        refused[name] = f"there are {most} tenants already; see --max-tenants"
    return Found(folders, refused, frozenset(unseen))


def _problem(entry: Path, root: Path) -> str | None:
    if not NAME.fullmatch(entry.name):
        return "no tenant's name: small letters, digits, dots and hyphens, 80 at the most; rename it"
    try:
        place = entry.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to themselves, up to Python 3.12
        if isinstance(error, OSError) and error.errno not in _NOWHERE:
            raise
        return "leads nowhere"
    if not place.is_dir():
        return "is no folder"
    if not place.is_relative_to(root):
        return f"leads out of {root}, to {place}; put the folder there, and no link to it"
    if place.name != entry.name:
        # A link of Kubernetes' leads through ..data to the same name; any other one to another tenant's folder.
        return f"is a link to {place.name!r}; give each tenant a folder of its own"
    return None


def _within(folders: Mapping[str, Path]) -> Mapping[str, str]:
    """Return those whose folder is in another one's, and whose that is, who could name their files."""
    places = {name: folder.resolve() for name, folder in folders.items()}
    by_place = {place: name for name, place in places.items()}
    return {name: by_place[one] for name, place in places.items() for one in place.parents if one in by_place}
