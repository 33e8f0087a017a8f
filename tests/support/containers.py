"""The sidecar's image, and Envoy and Redis, in real containers."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from docker.models.containers import Container
from docker.types import Mount
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.envoy import arguments, is_ready, listener_port
from sidecar.demo.upstream import EchoUpstream
from sidecar.demo.workspace import CONFIGURATION, Workspace, prepare
from sidecar.envoy_config.options import EnvoyOptions
from support.processes import eventually
from support.stacks import PATIENT

#: Set by ``make test-containers``.
IMAGE, PEERS = os.environ.get("AUTHZ_IMAGE", ""), os.environ.get("AUTHZ_PEERS_IMAGE", "")
#: No privilege, nothing that can be written to, and no network: the sockets in the folder are enough.
CONFINED = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "pids_limit": 256,
    "network_mode": "none",
}
_SERVERS = 2
#: Within how long both are ready: an emulated processor takes ten times as long.
_START_SECONDS = float(os.environ.get("AUTHZ_START_SECONDS", "30"))
# Ryuk is an image that a registry would have to be asked for. Every container here ends with its context.
testcontainers_config.ryuk_disabled = True


@contextmanager
def workspace(configured: Callable[[Path], str] = lambda _: CONFIGURATION) -> Iterator[Workspace]:
    """Prepare a folder that containers may write to, by a configuration that may name it.

    Its name is short, since a socket's path may have 107 bytes.
    """
    with tempfile.TemporaryDirectory(prefix="box-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield prepare(folder, configured(folder))


@contextmanager
def running(
    image: str,
    *command: str,
    folder: Path,
    mode: Literal["rw", "ro"] = "rw",
    without: Sequence[str] = (),
    tmpfs: Mapping[str, str] | None = None,
    **options: Any,  # noqa: ANN401 - docker's
) -> Iterator[Container]:
    """Run a container until the context closes. ``folder`` is there as it is here; the files ``without`` are not.

    ``tmpfs`` has folders in memory, with their mount options.
    """
    hidden = [Mount(path, "/dev/null", type="bind", read_only=True) for path in without]
    made = DockerContainer(image).with_kwargs(**{**CONFINED, **options}, mounts=hidden).with_command(list(command))
    made = made.with_volume_mapping(str(folder), str(folder), mode).with_envs(
        AUTHZ_PROBE_LISTEN=f"unix:{folder}/probe.sock"
    )
    for path, mounted in (tmpfs or {}).items():
        made = made.with_tmpfs_mount(path, mounted)
    with made:
        yield made.get_wrapped_container()


def serving(of: Workspace, **options: Any) -> Any:  # noqa: ANN401 - docker's, and contextmanager's
    """Run the sidecar's image; the context is a container."""
    return running(IMAGE, "serve", "--config", str(of.config), folder=of.folder, **options)


def printed(box: Container) -> str:
    """Return everything that a container has printed."""
    return str(box.logs().decode("utf-8", "replace"))


def health(box: Container) -> str:
    """Return what Docker's own look at a container's health has found."""
    box.reload()
    return str(box.attrs["State"]["Health"]["Status"])


def exit_code(box: Container) -> int:
    """Wait for the end of a container; return its exit code."""
    return int(box.wait(timeout=60)["StatusCode"])


@dataclass(frozen=True)
class Boxes:
    """Envoy and the sidecar in a container each, and the folder that they share. Clients connect to ``port``."""

    workspace: Workspace
    sidecar: Container
    envoy: Container
    port: int

    def ask(self, token: str) -> Answer:
        """Ask for what who has a good token may see."""
        return send(self.port, Call("GET", "/orders/1", (("authorization", f"Bearer {token}"),)))


@contextmanager
def boxes(configured: Callable[[Path], str] = lambda _: CONFIGURATION, **options: Any) -> Iterator[Boxes]:  # noqa: ANN401 - docker's
    """Run both until the context closes, once they are ready. ``options`` are for the sidecar's container."""
    with workspace(configured) as of, EchoUpstream() as upstream, serving(of, **options) as sidecar:
        sockets = [of.folder / name for name in ("authz.sock", *(f"authz-{n}.sock" for n in range(1, _SERVERS)))]
        assert eventually(lambda: all(map(Path.exists, sockets)), _START_SECONDS), printed(sidecar)
        to_envoy = EnvoyOptions(
            authz_addresses=tuple(f"unix:{socket}" for socket in sockets),
            listener_port=0,
            admin_port=0,
            upstream_port=upstream.port,
            timeout_seconds=PATIENT,
        )
        # On the machine's network, where the upstream is; everything else of it is confined as well.
        command = arguments(to_envoy, of.folder)
        with running(PEERS, "envoy", *command, folder=of.folder, network_mode="host") as envoy:
            assert eventually(lambda: is_ready(of.folder), _START_SECONDS), printed(envoy)
            yield Boxes(of, sidecar, envoy, listener_port(of.folder))
