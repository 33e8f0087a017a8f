"""``authz-sidecar status``: the page is handed on to whoever has the secret, and nothing else is."""

import re
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from sidecar.cli.status import status
from sidecar.demo.process import Process
from support.denials import denial
from support.reporting import Reporter, reporter

_ADDRESS = re.compile(r"(http://127\.0\.0\.1:[0-9]+)/([A-Za-z0-9_-]{43})/status\n")
_VISIT = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@dataclass(frozen=True)
class Served:
    """A command that serves, and whom it asks."""

    told: Reporter
    process: Process
    base: str
    secret: str

    def get(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Ask for a path under the secret."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.request(method, f"{self.base}/{self.secret}{path}", headers=sent, timeout=30)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run the command."""
    folder = tmp_path_factory.mktemp("s")
    command = [sys.executable, "-m", "sidecar", "status", "--against"]
    with reporter() as told, Process([*command, told.address], folder / "log") as process:
        process.wait_for(lambda: _ADDRESS.search(process.printed()) is not None, "status")
        found = _ADDRESS.search(process.printed())
        assert found
        yield Served(told, process, found[1], found[2])


def test_whoever_has_the_secret_sees_the_page(served: Served) -> None:
    """Page, style, script, figures and explanation are handed on as they are, with their headers."""
    for path, kind in (
        ("/status", "text/html; charset=utf-8"),
        ("/status/page.css", "text/css; charset=utf-8"),
        ("/status/page.js", "text/javascript; charset=utf-8"),
        ("/status/live", "application/json"),
        (f"/status/why?denial={denial().name}", "text/html; charset=utf-8"),
    ):
        found = served.get(path)
        assert (found.status_code, found.headers["content-type"]) == (200, kind)
        assert found.headers["content-security-policy"].startswith("default-src 'none';")
        assert (found.headers["referrer-policy"], found.headers["cache-control"]) == ("no-referrer", "no-store")
        assert "set-cookie" not in found.headers
    assert served.get("/status", method="HEAD").content == b""


def test_without_the_secret_there_is_nothing(served: Served) -> None:
    """With no secret, half of it, or another one, nothing is there, and it is not told what there would be."""
    secret = served.secret
    for begins in (
        "",
        secret[:-1],
        f"{secret[:-1]}!",
        f"{secret}a",
        secret[::-1],
        f"x/{secret}",
        f"%{ord(secret[0]):02x}{secret[1:]}",
    ):
        found = httpx.get(f"{served.base}/{begins}/status", timeout=30)
        assert (found.status_code, found.text) == (404, "not found\n"), begins


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/report",
        "/config",
        "/denials",
        "/explain",
        "/status/",
        "/status/../config",
        "/status/why?request=a",
        "/status?a=b",
    ],
)
def test_nothing_but_the_page(served: Served, path: str) -> None:
    """Whoever has the secret gets the page and what belongs to it, and nothing else of the administration."""
    assert served.get(path).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_read_only(served: Served, method: str) -> None:
    """Nothing can be done by it."""
    assert served.get("/status", method=method).status_code == 405


def test_other_sites(served: Served) -> None:
    """A page of another site gets nothing, nor does one whose name was made to lead here; a link may be followed."""
    assert served.get("/status", sec_fetch_site="cross-site").status_code == 403
    assert served.get("/status/live", origin="https://evil.example").status_code == 403
    assert served.get("/status", host="evil.example").status_code == 421
    assert served.get("/status", **_VISIT).status_code == 200
    assert served.get("/status/live", sec_fetch_site="same-origin").status_code == 200


def test_secret_is_nowhere_else(served: Served) -> None:
    """The secret is on the terminal alone: no argument and no variable of the process has it."""
    for name in ("cmdline", "environ"):
        assert served.secret.encode() not in Path(f"/proc/{served.process.pid}/{name}").read_bytes()
    assert served.secret not in served.get("/status").text


def test_sidecar_that_is_gone(served: Served) -> None:
    """Where the sidecar does not answer whoever asks is told, and once it does the page is there again."""
    served.told.stop()
    found = served.get("/status/live")
    assert (found.status_code, found.headers["content-type"]) == (502, "text/plain; charset=utf-8")
    served.told.start()
    assert served.get("/status/live").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--serve", "0.0.0.0:0"), "an address of loopback is needed"),
        (("--serve", "192.0.2.1:9194"), "an address of loopback is needed"),
        (("--serve", "unix:/tmp/s.sock"), "an address of loopback is needed"),
        (("--serve", "localhost:1"), "is no IP address"),
    ],
)
def test_loopback_alone(arguments: tuple[str, ...], said: str) -> None:
    """It listens on loopback and nowhere else; a wrong address is refused."""
    done = CliRunner().invoke(status, ["--against", "unix:/nowhere", *arguments])
    assert done.exit_code == 2
    assert said in done.output


def test_end(served: Served, tmp_path: Path) -> None:
    """Ctrl-C ends it well; each has a secret of its own."""
    command = [sys.executable, "-m", "sidecar", "status", "--against", served.told.address]
    with Process(command, tmp_path / "log") as another:
        another.wait_for(lambda: _ADDRESS.search(another.printed()) is not None, "status")
        assert served.secret not in another.printed()
        another.signal(signal.SIGINT)
        assert another.wait() == 0
