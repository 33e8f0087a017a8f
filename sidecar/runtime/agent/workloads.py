"""Which tenants there are: one for each folder, by its name. Looks at names and links alone, and opens no file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: As Kubernetes' names are, for namespace and service account with a dot between them. Sockets are named so, too.
NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,78}[a-z0-9])?", re.ASCII)
CONFIGURATION: Final = "authz.yaml"


@dataclass(frozen=True, slots=True)
class Found:
    """Folders by tenant, and what else there is, with what is wrong with it."""

    folders: Mapping[str, Path]
    refused: Mapping[str, str]


def look(tenants: Path, most: int) -> Found:
    """Look into the folder of all tenants; raises ``OSError`` where that cannot be read.

    Names that begin with a dot are left out: they are Kubernetes' own (``..data``). Of more than ``most`` the last by
    name are refused.
    """
    root = tenants.resolve(strict=True)
    folders: dict[str, Path] = {}
    refused: dict[str, str] = {}
    for entry in sorted(tenants.iterdir()):
        if entry.name.startswith("."):
            continue
        problem = _problem(entry, root)
        if problem is None and len(folders) >= most:
            problem = f"there are {most} tenants already; see --max-tenants"
        if problem is None:
            folders[entry.name] = entry
        else:
            refused[entry.name] = problem
    for name, problem in _overlaps(folders).items():
        del folders[name]
        refused[name] = problem
    return Found(folders, refused)


def _problem(entry: Path, root: Path) -> str | None:
    if not NAME.fullmatch(entry.name):
        return "no tenant's name: small letters, digits, dots and hyphens, 80 at the most; rename it"
    try:
        place = entry.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: links that lead to themselves, up to Python 3.12
        return "leads nowhere"
    if not place.is_dir():
        return "is no folder"
    if not place.is_relative_to(root):
        return f"leads out of {root}, to {place}; put the folder there, and no link to it"
    if place.name != entry.name:
        # A link of Kubernetes' leads through ..data to the same name; any other one to another tenant's folder.
        return f"is a link to {place.name!r}; give each tenant a folder of its own"
    return None


def _overlaps(folders: Mapping[str, Path]) -> Mapping[str, str]:
    """Return those whose folder is another one's, in it or around it: of such nobody knows whose the files are."""
    places = {name: folder.resolve() for name, folder in folders.items()}
    found = {}
    for name, place in places.items():
        others = [one for one in places if one != name and _overlap(place, places[one])]
        if others:
            found[name] = f"its folder overlaps with that of {others[0]!r}"
    return found


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
