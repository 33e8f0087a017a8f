"""Reading the configuration anew: what may change while processes run, and when the files have changed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.snapshot import Snapshot, take_snapshot
from sidecar.loading.trust import Loaded
from sidecar.settings import Settings

#: What a Trust is made of, and so can change from one check to the next. All else is the shape of processes.
_RELOADABLE = frozenset({"issuers", "request", "public", "cors_preflight", "policies", "response"})


class ReloadError(Exception):
    """A configuration that is not taken; the old one stays in force. The text says why, a line for each problem."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A configuration that was read and found good."""

    snapshot: Snapshot
    loaded: Loaded


def read_again(config: Path, running: Settings) -> Reading:
    """Read the files anew; raises ``ReloadError`` for what is wrong, or differs where only a restart helps."""
    try:
        snapshot, loaded = take_snapshot(load_configuration(config, os.environ))
    except ConfigurationError as error:
        raise ReloadError(str(error)) from None
    before, after = _shape(running), _shape(loaded.settings)
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        raise ReloadError(f"{', '.join(changed)}: cannot change while processes run; restart to change it")
    return Reading(snapshot, loaded)


def _shape(settings: Settings) -> Mapping[str, object]:
    return {name: getattr(settings, name) for name in type(settings).model_fields if name not in _RELOADABLE}


def fingerprint(config: Path, settings: Settings) -> tuple[object, ...]:
    """Return what changes when one of the files does: their times, sizes and inodes, links followed.

    Kubernetes replaces the files of a ConfigMap or Secret by exchanging a link.
    """
    files = [config, *(config.parent / one.keys.file for one in settings.issuers if one.keys.file is not None)]
    return tuple(_look(file) for file in files)


def _look(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
