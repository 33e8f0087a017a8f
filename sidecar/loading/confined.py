"""Configurations that may name no file but their own, as a node agent's tenants: of one another they see nothing.

Where each file leads is looked at, links and all, whenever the configuration is read. What a link leads to later is for
whoever may make links there; in a mounted ConfigMap nobody can.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel

from sidecar.loading.problem import FieldPath
from sidecar.loading.variables import CONFINED_TO
from sidecar.settings import Settings
from sidecar.settings.assertion import AssertionKeySettings


def unconfined(settings: Settings, config: Path, environment: Mapping[str, str]) -> Iterator[tuple[FieldPath, str]]:
    """Yield the fields of ``settings``, read from ``config``, whose files are in none of the folders allowed.

    There are none where the environment does not confine it.
    """
    allowed = [Path(one).resolve() for one in environment.get(CONFINED_TO, "").split(os.pathsep) if one]
    if not allowed:
        return
    for path, name in [((), config.name), *paths_in(settings)]:
        for file in _reached(config.parent / name):
            if not any(file.is_relative_to(folder) for folder in allowed):
                yield path, f"leads out of the tenant's folder, to {file}; put the file there, and no link to it"
                break


def paths_in(model: BaseModel, at: FieldPath = ()) -> Iterator[tuple[FieldPath, str]]:
    """Yield each field in which a file or folder is named, and that name."""
    for field in type(model).model_fields:
        value = getattr(model, field)
        if isinstance(value, str) and names_a_file(model, field):
            yield (*at, field), value
        else:
            yield from _inner(value, (*at, field))


def names_a_file(model: BaseModel, field: str) -> bool:
    """Say whether what stands in a field is the name of a file or folder."""
    return (
        field in {"file", "folder"} or field.endswith(("_file", "_folder")) or isinstance(model, AssertionKeySettings)
    )


def _inner(value: object, at: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    if isinstance(value, BaseModel):
        yield from paths_in(value, at)
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            yield from _inner(one, (*at, index))


def _reached(path: Path) -> Iterator[Path]:
    """Yield where a path leads, and all that is in it."""
    yield _resolved(path)
    for folder, folders, files in os.walk(path):
        yield from (_resolved(Path(folder, name)) for name in (*folders, *files))


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # links that lead to themselves: in no folder at all
        return Path(os.devnull)
