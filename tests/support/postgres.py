"""A real PostgreSQL, started for a test on a Unix socket in a folder of its own, and ended with it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.tools import lacking


@contextmanager
def running_postgres() -> Iterator[dict[str, str]]:
    """Run one until the context closes; return libpq's variables that lead to it."""
    binaries = _binaries()
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        _run([binaries / "initdb", "-D", folder / "data", "-U", "authz", "-A", "trust", "-N"], user)
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
        command = [str(binaries / "postgres"), "-D", str(folder / "data"), *options]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, **_as(user))  # type: ignore[call-overload]  # noqa: S603
        try:
            _wait(binaries, folder, server)
            yield {"PGHOST": str(folder), "PGUSER": "authz", "PGDATABASE": "postgres"}
        finally:
            server.send_signal(signal.SIGQUIT)  # at once
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(binaries: Path, folder: Path, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    ready = [str(binaries / "pg_isready"), "-h", str(folder), "-q"]
    while subprocess.run(ready, check=False).returncode:  # noqa: S603 - Debian's own
        assert server.poll() is None, (folder / "log").read_text(encoding="utf-8")
        assert time.monotonic() < deadline, "PostgreSQL does not answer"
        time.sleep(0.05)


def _run(command: list[Path | str], user: pwd.struct_passwd | None) -> None:
    subprocess.run([str(one) for one in command], check=True, capture_output=True, timeout=60, **_as(user))  # type: ignore[call-overload]  # noqa: S603


def _as(user: pwd.struct_passwd | None) -> dict[str, object]:
    """It refuses to run as root: then as the user that Debian's package makes, or nobody."""
    return {"cwd": "/"} if user is None else {"cwd": "/", "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _user() -> pwd.struct_passwd | None:
    if os.geteuid():
        return None
    names = {one.pw_name: one for one in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if found:
        return found[-1].parent
    path = shutil.which("postgres")
    if path is None:
        lacking("no PostgreSQL; on Debian or Ubuntu: apt-get install postgresql")
    return Path(path).parent
