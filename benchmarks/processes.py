"""What the processes take: time from exec to ready, memory of each, and whether it grows. Linux.

    python benchmarks/processes.py [--checks 1000000] [--starts 5] [--settle 35]

Starts the sidecar under each start method and waits until its first and its last server answer; then sends checks to
all servers, as fast as they answer, and looks at the resident set (RSS) of each process, what of it is the process's
alone, and the proportional set (PSS) of all together, before and after. Before is after some checks, and after control
has swept the shared cache for the first time: that maps the pages which servers have filled, so that they count in its
resident set as well, once, though they are the same memory. ``--settle`` is how many seconds are waited for that.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from attack import CHECK, request
from h2_client import Client, connect

from sidecar.demo.process import Process
from sidecar.demo.stack import sidecar_addresses, start_sidecar
from sidecar.demo.workspace import CONFIGURATION, Workspace, prepare
from sidecar.runtime.control.desk import SWEEP_SECONDS

METHODS = ("fork", "forkserver", "spawn")
CONFIG = CONFIGURATION + "verification_workers: 1\n"
IN_FLIGHT = 16
TOKENS = 500


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").glob("*")
        for child in (task / "children").read_text(encoding="ascii").split()
    ]
    return [pid, *(member for child in children for member in family(child))]


def memory(pid: int) -> tuple[str, int, int, int]:
    """Return name, RSS, PSS and private memory of a process, in KiB."""
    values = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        field, _, rest = line.partition(":")
        values[field] = int(rest.split()[0])
    name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    return name, values["Rss"], values["Pss"], values["Anonymous"]


def start_seconds(workspace: Workspace, method: str) -> float:
    """Return the seconds from exec until all servers answer."""
    began = time.perf_counter()
    with start_sidecar(workspace, environment={"AUTHZ_PROCESS_START_METHOD": method}):
        return time.perf_counter() - began


async def keep_asking(addresses: tuple[str, ...], requests: list[bytes], checks: int) -> float:
    """Send so many checks, some in flight at each server at any time; return checks a second."""
    done, sent = 0, 0
    finished = asyncio.get_running_loop().create_future()
    clients: list[Client] = []

    def answered(_due: float, _message: bytes) -> None:
        nonlocal done, sent
        done += 1
        if sent < checks:
            clients[sent % len(clients)].call(0.0, requests[sent % len(requests)])
            sent += 1
        elif done == checks and not finished.done():
            finished.set_result(None)

    clients += [await connect(address, CHECK, answered) for address in addresses]
    began = time.perf_counter()
    for _ in range(min(checks, IN_FLIGHT * len(clients))):
        clients[sent % len(clients)].call(0.0, requests[sent % len(requests)])
        sent += 1
    await finished
    return checks / (time.perf_counter() - began)


def look(sidecar: Process) -> list[tuple[int, str, int, int, int]]:
    """Return process id, name, RSS, PSS and private memory of every process."""
    return [(pid, *memory(pid)) for pid in family(sidecar.pid)]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=1_000_000)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--settle", type=float, default=SWEEP_SECONDS + 5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mem-") as folder:
        workspace = prepare(Path(folder), CONFIG)
        print("seconds from exec until both servers answer")
        for method in METHODS:
            times = sorted(start_seconds(workspace, method) for _ in range(options.starts))
            print(f"  {method:<12} median {times[len(times) // 2]:.2f}, longest {times[-1]:.2f}")
        with start_sidecar(workspace) as sidecar:
            addresses = sidecar_addresses(sidecar)
            requests = [request(workspace.token(jti=str(number)), "10.0.0.1") for number in range(TOKENS)]
            asyncio.run(keep_asking(addresses, requests, 20_000))
            started = look(sidecar)
            time.sleep(options.settle)
            before = look(sidecar)
            rate = asyncio.run(keep_asking(addresses, requests, options.checks))
            after = look(sidecar)
        print(f"memory in MiB, before and after {options.checks} checks ({rate:.0f} a second)")
        print("  columns: after the start, after the first sweep, after the checks; growth is of the last two")
        for (_, name, first, _, own), (_, _, rss, _, _), (_, _, later, _, owns) in zip(
            started, before, after, strict=True
        ):
            sizes = " ".join(f"{size / 1024:7.1f}" for size in (first, rss, later))
            print(f"  {name:<18} RSS {sizes}   growth {100 * (later / rss - 1):+.1f} %", end="")
            print(f"   anonymous {own / 1024:7.1f} {owns / 1024:7.1f}")
        total = (sum(one[3] for one in before) / 1024, sum(one[3] for one in after) / 1024)
        print(f"  {'all together':<18} PSS {total[0]:7.1f} {total[1]:7.1f}")


if __name__ == "__main__":
    main()
