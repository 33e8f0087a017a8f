"""A cluster's controllers and its scheduler: with these a Deployment becomes pods by itself."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from support.api_server import ApiServer, running_program
from support.ports import free_ports

PROGRAMS = ("kube-controller-manager", "kube-scheduler")


@contextmanager
def running_controllers(api: ApiServer, programs: Path) -> Iterator[Path]:
    """Run both until the context closes, of the programs in that folder; give the folder with what they print."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="controllers-")))
        kubeconfig = folder / "kubeconfig.json"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(api.kubeconfig(), encoding="utf-8")
        for program, port in zip(PROGRAMS, free_ports(2), strict=True):
            named = {
                "kubeconfig": kubeconfig,
                # Nobody asks them anything.
                "bind-address": "127.0.0.1",
                "secure-port": port,
                "cert-dir": folder / program,
                "authentication-skip-lookup": "true",
                # There is one of each.
                "leader-elect": "false",
            }
            command = [str(programs / program), *(f"--{name}={value}" for name, value in named.items())]
            stack.enter_context(running_program(command, folder / f"{program}.log"))
        yield folder
