"""A shell in which the pages' commands are run, one line after the other, as a reader would type them.

Beside it a sidecar runs, with its socket, administration and probe, and one whose administration is on TLS. ``kubectl``
and ``docker`` are stand-ins (``STANDINS``): ``exec`` runs the command here, ``logs`` is the running sidecar's log, and
a probe is asked here.
"""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sidecar.demo.process import Process
from support import forked_commands
from support.pages import ROOT, Block
from support.ports import free_ports
from support.processes import eventually
from support.shown_files import Files

#: Bundles that pages name, made as docs/bundles.md says.
_SIGNING = (
    "authz-sidecar policy bundle sign --key signing.jwk --name orders --version 42 --expires-in 3600 --out orders.jws "
    "policies/*.yaml && cp orders.jws bundle.jws"
)
#: In place of the program; its arguments are those of the line.
STANDINS = {
    "kubectl": """\
case " $* " in
*" exec "*) while [ "$1" != -- ]; do shift; done; shift; exec "$@" ;;
*" logs "*) cat "$HOME/../sidecar.log" ;;
*" --raw "*) exec curl --silent --fail-with-body "http://127.0.0.1:$PROBE/readyz?verbose" ;;
*" apply "*|*" port-forward "*) ;;
*) echo "kubectl $*: no stand-in does that" >&2; exit 64 ;;
esac
""",
    "docker": """\
case "$1" in
exec) shift 2; exec "$@" ;;
*) echo "docker $*: no stand-in does that" >&2; exit 64 ;;
esac
""",
    "pbpaste": "cat token.txt\n",
}


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a line: exit code, and what was printed, wherever."""

    line: str
    code: int
    printed: str


class Shell:
    """Runs lines in folders of their own."""

    def __init__(self, files: Files, probe: int) -> None:
        self._files, self._probe, self._folders = files, probe, dict[str, Path]()
        home = files.root / "home"
        path = [str(files.root / "bin"), sysconfig.get_path("scripts"), os.environ["PATH"]]
        self._environment = {
            "PATH": os.pathsep.join(path),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "COLUMNS": "200",
            "PROBE": str(probe),
            "AUTHZ_PROBE_LISTEN": f"127.0.0.1:{probe}",
            "NS": "shop",
            "POD": "orders-1",
        }

    def run(self, page: str, lines: list[str]) -> list[Ran]:
        """Run lines in a page's folder, in one shell; a variable of one is there in the next."""
        if page not in self._folders:
            self._folders[page] = self._files.root / f"page-{len(self._folders)}"
            self._folders[page].mkdir()
            self._files.write_beside(self._folders[page], page)
            if "undle" in page:
                (signed,) = self.run(page, [_SIGNING])
                assert signed.code == 0, signed
        folder = self._folders[page]
        if any("--snapshot" in line for line in lines):
            # Kept every 10 s since the beginning, when somebody was let in.
            assert eventually((self._files.root / "var/lib/authz/cache.snapshot").exists)
        generated = " ".join(line for line in lines if "keys generate" in line)
        for made in re.findall(r"--(?:out|jwks) (\S+)", generated):
            # Who follows a page from its beginning has none yet.
            (folder / made).unlink(missing_ok=True)
        return [
            Ran(line, code, printed) for line, (code, printed) in zip(lines, self._session(folder, lines), strict=True)
        ]

    def _session(self, folder: Path, lines: list[str]) -> Iterator[tuple[int, str]]:
        script = ["set -o pipefail", f"fpath=('' {shlex.quote(str(self._files.root / 'home/fpath'))})"]
        for number, line in enumerate(lines):
            # What is started here must not be where the running one is.
            is_second = "serve --config" in line
            named = line.replace("/run/authz/authz.sock", f"{folder}/m.sock") if is_second else line
            names = ("PROBE_LISTEN", "ADMIN_LISTEN", "LISTEN") if is_second else ()
            script.append(f"exec <token.txt >printed-{number} 2>&1")
            script += [f"export AUTHZ_{name}=unix:{folder}/{name[0]}.sock" for name in names]
            script += [self._files.placed(named), f"echo $? >code-{number}"]
        done = subprocess.run(  # noqa: S603 - our own pages
            ["bash", "-c", "\n".join(script)],  # noqa: S607
            cwd=folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        for number, line in enumerate(lines):
            code, printed = folder / f"code-{number}", folder / f"printed-{number}"
            assert code.exists(), f"{line}: was not run to its end: {done.stderr}"
            yield int(code.read_text()), printed.read_text("utf-8")


def lines_of(block: Block) -> list[str]:
    """Return a block's lines, those that go on in the next as one; with prompts, those that have one."""
    joined = re.sub(r"\\\n\s*", " ", block.text)
    lines = [line.strip() for line in joined.splitlines()]
    if any(line.startswith("$ ") for line in lines):
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    return [line for line in lines if line and not line.startswith("#")]


@contextmanager
def running_shell() -> Iterator[Shell]:
    """Start both sidecars, and give a shell beside them."""
    # Not pytest's folder: the names of Unix sockets are short.
    with TemporaryDirectory(prefix="sh-", dir="/tmp") as name, ExitStack() as stack:
        root = Path(name)
        probe, remote = free_ports(2)
        files = Files(root, probe, remote)
        _write_programs(root)
        at = {"PYTHONPATH": str(ROOT / "tests")}
        commands = str(root / "commands.sock")
        served = [sys.executable, forked_commands.__file__, commands]
        forker = stack.enter_context(Process(served, root / "commands.log", at))
        elsewhere = root / "remote"
        elsewhere.mkdir()
        files.write_beside(elsewhere, "docs/operating.md")
        (root / "certs/token").touch(0o600)
        (root / "certs/token").write_text((elsewhere / "token").read_text(), encoding="utf-8")
        for log, folder in (("sidecar.log", root / "etc/authz"), ("remote.log", elsewhere)):
            serve = [sys.executable, "-m", "sidecar", "serve", "--config", str(folder / "authz.yaml")]
            running = stack.enter_context(Process(serve, root / log))
            running.wait_for(lambda running=running: "HTTP on" in running.printed(), log)  # type: ignore[misc]
        forker.wait_for(lambda: Path(commands).exists(), "the commands")
        shell = Shell(files, probe)
        (warmed,) = shell.run("", ["authz-sidecar warm --config authz.yaml --tokens /run/secrets/tokens.txt"])
        assert '"warmed"' in warmed.printed, warmed
        yield shell


def _write_programs(root: Path) -> None:
    from support import patient  # noqa: PLC0415 - a program, of which the name of its file is wanted

    program = str(Path(sysconfig.get_path("scripts")) / "authz-sidecar")
    texts = {name: f"#!/bin/sh\n{text}" for name, text in STANDINS.items()}
    texts["authz-sidecar"] = forked_commands.CLIENT.format(
        python=sys.executable, patient=patient.__file__, program=program, socket=str(root / "commands.sock")
    )
    for name, text in texts.items():
        file = root / "bin" / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)
