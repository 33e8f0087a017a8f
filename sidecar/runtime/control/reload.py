"""Reading the configuration anew: what may change while processes run, and when the files have changed."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.bundle.held import HeldBundle
from sidecar.keys.fingerprint import Fingerprint, fingerprint
from sidecar.loading.inclusion import policy_files
from sidecar.loading.load import Configuration, load_configuration
from sidecar.loading.places import Places, places_of
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.shape import shape_of
from sidecar.loading.snapshot import Snapshot, take_snapshot
from sidecar.loading.trust import Fetched, Loaded, nothing_fetched
from sidecar.settings import Settings


class ReloadError(Exception):
    """A configuration that is not taken; the old one stays in force. The text says why, a line for each problem.

    ``seen`` are the files it is made of, as far as it says, as they were just before they were read.
    """

    def __init__(self, message: str, seen: Fingerprint) -> None:
        super().__init__(message)
        self.seen = seen


@dataclass(frozen=True, slots=True)
class Reading:
    """A configuration that was read and found good, and its files as they were just before they were read.

    ``places`` is where its policies are written, but for those of a bundle.
    """

    snapshot: Snapshot
    loaded: Loaded
    seen: Fingerprint
    places: Places = field(default_factory=dict, repr=False)


def read_again(  # noqa: PLR0913 - what it is read with, once
    config: Path,
    running: Settings,
    fetched: Fetched = nothing_fetched,
    bundle: HeldBundle | None = None,
    hooks: bytes = b"",
    *,
    load: Callable[[], Configuration] | None = None,
) -> Reading:
    """Read the files anew; raises ``ReloadError`` for what is wrong, or differs where only a restart helps.

    ``fetched`` returns what was fetched for an issuer so far; ``bundle`` is the policy bundle, if it was. ``hooks`` is
    what the hooks are that are asked: their code is never read again (``hook_files.py``). ``load`` reads it, and raises
    ``ConfigurationError``; by default the file and the environment.
    """
    # Before anything is read: what changes meanwhile is read again.
    seen, others = fingerprint([config]), fingerprint(files_of(config, running))
    try:
        configuration = load_configuration(config, os.environ) if load is None else load()
        named = fingerprint(files_of(config, configuration.settings))
        seen = {**{file: others.get(file, look) for file, look in named.items()}, **seen}
        before, after = shape_of(running), shape_of(configuration.settings)
        changed = [name for name in before if before[name] != after[name]]
        if changed:
            raise ReloadError(f"{', '.join(changed)}: cannot change while processes run; restart to change it", seen)
        snapshot, loaded = take_snapshot(configuration, fetched, bundle, hooks)
    except ConfigurationError as error:
        raise ReloadError(str(error), seen) from None
    return Reading(snapshot, loaded, seen, places_of(configuration.document))


def files_of(config: Path, settings: Settings) -> list[Path]:
    """Return the files of a configuration: its own, those of its keys, secrets and API keys, and its policies."""
    sources = [one.keys for one in settings.issuers if one.keys is not None]
    named = [name for source in sources for name in (source.file, source.pem_file)]
    named += [source.hmac_secret.file for source in sources if source.hmac_secret is not None]
    if settings.api_keys is not None:
        named.append(settings.api_keys.file)
    found = [config, *(config.parent / name for name in named if name is not None)]
    found += policy_files(config, settings.policy_folder)
    return found + policy_files(config, None if settings.istio is None else settings.istio.folder)
