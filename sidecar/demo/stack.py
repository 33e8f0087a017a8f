"""Envoy, sidecar and upstream together, each on addresses of its own, gone when the context closes."""

import dataclasses
import os
import re
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any, Self

from sidecar.demo.envoy import Envoy, find_envoy, start_envoy
from sidecar.demo.process import Process
from sidecar.demo.upstream import EchoUpstream
from sidecar.demo.workspace import Workspace
from sidecar.envoy_config.matching import NEARBY, Reached, options_for
from sidecar.envoy_config.options import EnvoyOptions
from sidecar.envoy_config.telemetry import with_headers_told
from sidecar.loading.load import load_configuration
from sidecar.loading.trust import load_trust

#: What each server logs when it answers.
_READY = re.compile(r"answering checks on (\S+)")
#: What the supervisor logs before it starts any.
_SERVERS = re.compile(r"starting (\d+) server\(s\)")


class Stack(AbstractContextManager["Stack"]):
    """The whole way of a request. ``envoy``, ``sidecar`` and ``upstream`` are running while the context is open."""

    envoy: Envoy
    sidecar: Process

    def __init__(
        self,
        workspace: Workspace,
        environment: Mapping[str, str] | None = None,
        reached: Reached = NEARBY,
        **envoy_options: Any,  # noqa: ANN401 - EnvoyOptions' fields
    ) -> None:
        self.workspace = workspace
        self._environment, self._reached = environment, reached
        self.upstream = EchoUpstream()
        self._envoy_options = envoy_options
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Start everything, each once it can be ready; raises ``ProcessError`` or ``EnvoyMissingError``."""
        with ExitStack() as starting:
            binary = find_envoy()
            starting.enter_context(self.upstream)
            self.sidecar = starting.enter_context(start_sidecar(self.workspace, environment=self._environment))
            self.envoy = start_envoy(binary, self._options(), self.workspace.folder)
            starting.enter_context(self.envoy.process)
            self._open = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything."""
        self._open.close()

    def _options(self) -> EnvoyOptions:
        configuration = load_configuration(self.workspace.config, os.environ)
        settings = configuration.settings
        options = options_for(
            load_trust(configuration).trust,
            sidecar_addresses(self.sidecar),
            settings.tls,
            self._reached,
            all_headers=settings.policy_bundle is not None,
        )
        ports = {"listener_port": 0, "admin_port": 0, "upstream_port": self.upstream.port}
        return dataclasses.replace(with_headers_told(options, settings), **ports | self._envoy_options)


def start_sidecar(
    workspace: Workspace, log: str = "sidecar.log", environment: Mapping[str, str] | None = None
) -> Process:
    """Start ``authz-sidecar serve`` on the workspace's configuration and wait until all its servers answer checks."""
    command = [sys.executable, "-m", "sidecar", "serve", "--config", str(workspace.config)]
    process = Process(command, workspace.folder / log, environment)
    try:
        process.wait_for(lambda: _is_ready(process.printed()), "the sidecar")
    except BaseException:
        process.__exit__(None, None, None)
        raise
    return process


def sidecar_addresses(process: Process) -> tuple[str, ...]:
    """Return the addresses that a running sidecar said it answers on, one for each of its servers."""
    return tuple(dict.fromkeys(_READY.findall(process.printed())))


def _is_ready(printed: str) -> bool:
    # Not "as many addresses": all servers may be on one.
    announced = _SERVERS.search(printed)
    return len(_READY.findall(printed)) >= (int(announced[1]) if announced else 1)
