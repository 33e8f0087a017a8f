"""A tenant's first process: reads its configuration, tells the agent where it would listen, and then is a sidecar.

What it told is what it serves: the files are not read again in between. It ends with the agent (prctl(2), which works
here: the agent has one thread, and starts it itself), and all its children end with it.
"""

import argparse
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.shape import shape_digest
from sidecar.loading.snapshot import Snapshot, take_snapshot
from sidecar.loading.trust import Loaded
from sidecar.runtime.agent.ending import ORPHANED, end_with
from sidecar.runtime.agent.root import taken_channel
from sidecar.runtime.agent.rules import problems, wanted
from sidecar.runtime.agent.wants import BEAT, GO, REFUSED, Wants
from sidecar.runtime.log_format import LOG_FORMAT
from sidecar.runtime.serve import serve
from sidecar.settings import Settings

_log = logging.getLogger("sidecar")


def main(arguments: Sequence[str]) -> int:
    """Be that process; return the exit code."""
    given = _parser().parse_args(arguments)
    end_with(given.parent)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until somebody hears it: the files are being read anyway
    logging.basicConfig(level="INFO", format=LOG_FORMAT, force=True)
    # Before anything is read: hooks are looked at by another process.
    channel, config = taken_channel(given.channel), Path(given.config)
    try:
        snapshot, loaded = _load(config, Path(given.sockets))
    except ConfigurationError as error:
        for problem in error.problems:
            _log.error("configuration refused: %s", problem)
        return REFUSED
    if not _is_let(channel, loaded):
        return ORPHANED
    logging.getLogger().setLevel(loaded.settings.log_level.upper())
    for warning in loaded.warnings:
        _log.warning("%s", warning)
    return serve(config, snapshot, loaded.settings, _beating(channel, loaded.settings))


def _beating(channel: socket.socket, settings: Settings) -> Callable[[], None] | None:
    if settings.enable_multiprocessing:
        channel.close()  # children would have it, too
        return None
    channel.setblocking(False)  # noqa: FBT003 - positional only

    def beat() -> None:
        with suppress(OSError):  # the agent is slow, or gone: then this process is, in a moment
            channel.send(BEAT)

    return beat


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    for name in ("--config", "--sockets"):
        parser.add_argument(name, required=True)
    for name in ("--channel", "--parent"):
        parser.add_argument(name, type=int, required=True)
    return parser


def _load(config: Path, socket_folder: Path) -> tuple[Snapshot, Loaded]:
    configuration = load_configuration(config, os.environ)
    found = [configuration.problem(*one) for one in problems(configuration.settings, socket_folder)]
    if found:
        raise ConfigurationError(found)
    return take_snapshot(configuration)


def _is_let(channel: socket.socket, loaded: Loaded) -> bool:
    """Tell the agent what this tenant wants, and wait until it says go, or is gone."""
    settings = loaded.settings
    wants = Wants(
        wanted(settings), shape_digest(settings), settings.shutdown_grace_seconds, not settings.enable_multiprocessing
    )
    try:
        channel.send(wants.encode())
        return channel.recv(len(GO)) == GO
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
