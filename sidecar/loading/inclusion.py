"""Policies out of a folder (``policy_folder``): as if they stood in the configuration itself, behind what is there."""

from dataclasses import replace
from pathlib import Path

from sidecar.loading.document import Document, read_document
from sidecar.loading.folder import files_in, read_folder
from sidecar.loading.problem import ConfigurationError, Problem
from sidecar.settings.policy_file import PolicyFile

#: What a file of the folder may have: lists, which are joined in the order of the files' names.
MEMBERS = tuple(PolicyFile.model_fields)


def with_policies(document: Document) -> Document:
    """Return ``document`` with what its policy folder has; raises ``ConfigurationError``."""
    folder = document.values.get("policy_folder")
    if not isinstance(folder, str) or not folder:
        return document  # there is none, or validation will say what is wrong with it
    for part in read_folder(document.path.parent / folder, lambda files: list(map(read_document, files))):
        document = joined(document, part, "a file of the policy folder")
    return document


def joined(document: Document, part: Document, what: str) -> Document:
    """Return ``document`` with the lists of ``part`` behind its own; raises ``ConfigurationError``.

    ``what`` is said of where ``part`` comes from.
    """
    values, places = dict(document.values), dict(document.places)
    for name, members in part.values.items():
        before = values.get(name, [])
        if name not in MEMBERS or not isinstance(members, list):
            raise ConfigurationError([Problem(part.source((name,)), name, _wrong(name, what))])
        if not isinstance(before, list):
            continue  # validation will say so
        values[name] = [*before, *members]
        for path, place in part.places.items():
            if path[:1] == (name,) and len(path) > 1 and isinstance(path[1], int):
                places[name, path[1] + len(before), *path[2:]] = place
    return replace(document, values=values, places=places)


def _wrong(name: str, what: str) -> str:
    if name in MEMBERS:
        return "is no list"
    return f"does not stand in {what}, where there may be {', '.join(MEMBERS)}; move it out"


def policy_files(config: Path, folder: str | None) -> list[Path]:
    """Return the folder of a configuration and its files, as far as they can be seen: what changes when they do."""
    if folder is None:
        return []
    place = config.parent / folder
    try:
        return [place, *files_in(place)]
    except ConfigurationError:
        return [place]
