"""What k8s/README.md has one type, typed on a real node: from nothing to a Deployment that is protected.

The last of this folder's tests: it makes the namespace anew that all others share.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from support.controllers import PROGRAMS, running_controllers
from support.manifests import FOLDER
from support.node import Node
from support.pages import Block, blocks
from support.processes import eventually

pytestmark = pytest.mark.timeout(900)

Tell = Callable[[str], None]
_PAGE = FOLDER / "README.md"
_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Shell:
    """Where commands are typed: a folder with ``k8s`` in it, and the programs that they take."""

    folder: Path
    environment: Mapping[str, str]

    def typed(self, text: str) -> str:
        """Return what commands print, both ways; each of them must succeed, and all together within some minutes."""
        done = subprocess.run(  # noqa: S603 - our own page
            ["/bin/sh", "-e", "-c", text],
            cwd=self.folder,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}"
        return done.stdout

    @contextmanager
    def beside(self, text: str) -> Iterator[None]:
        """Type a command "in another window": it runs until the context closes."""
        log = self.folder / "beside.log"
        with (
            log.open("wb") as output,
            subprocess.Popen(  # noqa: S603 - our own page
                ["/bin/sh", "-c", f"exec {text}"], cwd=self.folder, env=dict(self.environment), stdout=output
            ) as process,
        ):
            try:
                # Nothing is printed before it listens but errors, and these elsewhere.
                assert eventually(lambda: log.stat().st_size > 0 or process.poll() is not None), text
                assert process.poll() is None, text
                yield
            finally:
                process.terminate()


@pytest.fixture
def shell(node: Node, tmp_path: Path) -> Iterator[Shell]:
    """Return a folder as of somebody who has this repository, in a cluster with controllers and a scheduler."""
    programs = Path(os.environ["AUTHZ_KUBE"])
    shutil.copytree(FOLDER, tmp_path / "k8s")
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(node.api.kubeconfig(), encoding="utf-8")
    path = os.pathsep.join((str(programs), str(Path(sys.executable).parent), os.environ["PATH"]))
    with running_controllers(node.api, programs) as folder:
        _forget(node)
        try:
            yield Shell(tmp_path, {"PATH": path, "HOME": str(tmp_path), "KUBECONFIG": str(kubeconfig)})
        except BaseException:
            for program in PROGRAMS:
                sys.stderr.write((folder / f"{program}.log").read_text(encoding="utf-8", errors="replace")[-2000:])
            raise
        finally:
            _forget(node)


def _forget(node: Node) -> None:
    """Delete the namespace with all that is in it, and wait until it is gone: that is a controller's to do."""
    node.api.delete(_NAMESPACE, seconds=None)
    assert eventually(lambda: not node.api.read(_NAMESPACE).is_success, 120), node.api.read(_NAMESPACE).text


def _shown(beginning: str) -> Block:
    (block,) = (one for one in blocks() if one.page == _PAGE and one.text.startswith(beginning))
    return block


def _status(shell: Shell, *arguments: str) -> str:
    command = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", *arguments]
    done = subprocess.run(command, cwd=shell.folder, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    return done.stdout


def test_from_zero_to_a_protected_deployment(shell: Shell, tell: Tell) -> None:
    """The five commands, as they stand on the page, and the requests below them."""
    five = _shown("authz-sidecar keys generate")
    began = time.monotonic()
    printed = shell.typed(five.text)
    seconds = time.monotonic() - began
    assert "Warning" not in printed, printed
    assert 'deployment "orders" successfully rolled out' in printed
    (forwarded,) = re.findall(r"with `(kubectl .* port-forward [^`]*)`", _PAGE.read_text(encoding="utf-8"))
    with shell.beside(forwarded):
        asked = "localhost:8080/orders"
        # Envoy has 0.2 s here, in which a machine that is busy may not answer.
        assert eventually(lambda: _status(shell, asked) == "401")
        answers = shell.typed(_shown("curl -i localhost:8080/orders").text + '\necho "token=$TOKEN"')
        assert "no_credential" in answers
        assert re.search(r"(?mi)^x-auth-subject: ada\r?$", answers), answers
        token = answers.rpartition("token=")[2].strip()
        bearer = ("--header", f"Authorization: Bearer {token}")
        for wanted, arguments in (
            ("200", (*bearer, asked)),
            ("401", (asked,)),
            ("401", ("--header", f"Authorization: Bearer {token[:-4]}AAAA", asked)),
            ("403", (*bearer, "--request", "DELETE", asked)),
        ):
            assert eventually(partial(_is, wanted, shell, arguments)), (wanted, arguments)
    pods = shell.typed("kubectl -n shop get pods --no-headers")
    assert [line.split()[1:3] for line in pods.splitlines()] == [["3/3", "Running"]] * 2
    tell(
        f"k8s/README.md, its {len(five.text.splitlines())} commands: two pods are ready after {seconds:.0f} s; "
        "200 with a token, 401 without one and with a wrong one, 403 for what no policy allows"
    )


def _is(wanted: str, shell: Shell, arguments: tuple[str, ...]) -> bool:
    return _status(shell, *arguments) == wanted
