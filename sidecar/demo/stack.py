"""Envoy, sidecar and upstream together, each on addresses of its own, gone when the context closes."""

import dataclasses
import os
import sys
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any, Self

from sidecar.demo.envoy import Envoy, find_envoy, start_envoy
from sidecar.demo.process import Process
from sidecar.demo.upstream import EchoUpstream
from sidecar.demo.workspace import Workspace
from sidecar.envoy_config.options import EnvoyOptions
from sidecar.loading.load import load_configuration
from sidecar.loading.trust import load_trust

_READY = "answering checks on "


class Stack(AbstractContextManager["Stack"]):
    """The whole way of a request. ``envoy``, ``sidecar`` and ``upstream`` are running while the context is open."""

    envoy: Envoy
    sidecar: Process

    def __init__(self, workspace: Workspace, **envoy_options: Any) -> None:  # noqa: ANN401 - EnvoyOptions' fields
        self.workspace = workspace
        self.upstream = EchoUpstream()
        self._envoy_options = envoy_options
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Start everything, each once it can be ready; raises ``ProcessError`` or ``EnvoyMissingError``."""
        with ExitStack() as starting:
            binary = find_envoy()
            starting.enter_context(self.upstream)
            self.sidecar = starting.enter_context(start_sidecar(self.workspace))
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
        trust = load_trust(load_configuration(self.workspace.config, os.environ)).trust
        options = EnvoyOptions(
            listener_port=0,
            admin_port=0,
            upstream_port=self.upstream.port,
            authz_addresses=(sidecar_address(self.sidecar),),
            identity_headers=trust.response.stripped_headers,
            path_mode=trust.path_mode,
        )
        return dataclasses.replace(options, **self._envoy_options)


def start_sidecar(workspace: Workspace, log: str = "sidecar.log") -> Process:
    """Start ``authz-sidecar serve`` on the workspace's configuration and wait until it answers checks."""
    command = [sys.executable, "-m", "sidecar", "serve", "--config", str(workspace.config)]
    process = Process(command, workspace.folder / log)
    try:
        process.wait_for(lambda: _READY in process.printed(), "the sidecar")
    except BaseException:
        process.__exit__(None, None, None)
        raise
    return process


def sidecar_address(process: Process) -> str:
    """Return the address that a running sidecar said it answers on."""
    return process.printed().partition(_READY)[2].split()[0]
