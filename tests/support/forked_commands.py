"""``authz-sidecar`` for a shell, of a process that has its modules already: ``python forked_commands.py SOCKET``.

    shell ──> CLIENT ──arguments, folder, environment, files 0 1 2──> this ──fork──> the command
                     <───────────────── exit code, a byte ─────────────────────────────┘

To load the modules takes half a second of CPU for each command, and pages show a hundred. What runs is the very same.
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path

#: What a shell runs in place of the program. Without site it starts in some milliseconds.
CLIENT = """\
#!{python} -SE
import json, os, socket, sys
asked_for = sys.argv[1:2]
if asked_for in (["serve"], ["status"]) or asked_for == ["top"] and "--once" not in sys.argv:
    os.execv({python!r}, [{python!r}, {patient!r}, {program!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asked:
    asked.connect({socket!r})
    socket.send_fds(asked, [json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()], [0, 1, 2])
    code = asked.recv(1)
sys.exit(code[0] if code else 255)
"""


def _run(arguments: list[str], folder: str, environment: dict[str, str]) -> int:
    from sidecar.__main__ import main  # noqa: PLC0415 - in the process that was forked

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["authz-sidecar", *arguments]
    try:
        main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def _answer(asked: socket.socket) -> None:
    request, files, _, _ = socket.recv_fds(asked, 1 << 20, 3)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    code = 70
    try:
        code = _run(*json.loads(request))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        asked.send(bytes([code]))
        os._exit(code)


def _load() -> None:
    import click  # noqa: PLC0415 - in here alone

    from sidecar.cli.main import cli  # noqa: PLC0415 - the same

    todo: list[click.Command] = [cli]
    while todo:
        command = todo.pop()
        if isinstance(command, click.Group):
            context = click.Context(command)
            found = (command.get_command(context, name) for name in command.list_commands(context))
            todo += [below for below in found if below is not None]


def main() -> None:
    """Answer until the end."""
    place = sys.argv[1]
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(f"{place}.new")
        listening.listen(8)
        Path(f"{place}.new").rename(place)
        while True:
            asked, _ = listening.accept()
            with asked:
                if os.fork() == 0:
                    _answer(asked)


if __name__ == "__main__":
    main()
