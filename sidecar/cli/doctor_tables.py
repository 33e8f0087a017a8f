"""What ``authz-sidecar doctor`` found, for a terminal. Whatever is text in it goes through ``printable``."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sidecar.cli.report_tables import cell
from sidecar.doctor.finding.kinds import At, Finding, Severity
from sidecar.doctor.snapshot import Given, Made, Snapshot
from sidecar.placement.cpulist import format_cpulist
from sidecar.report.say import duration, many, percent, size

_STYLES: Final = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow"}
_WHERE: Final = {
    At.CONTAINER: "in the container's manifest",
    At.CONFIGURATION: "in the configuration",
    At.KUBELET: "in kubelet's configuration",
    At.NODE: "on the node",
}
_NONE, _UNKNOWN = "no limit", "not known"


def tables(
    snapshot: Snapshot, findings: Sequence[Finding], problems: Sequence[str], unknown: Sequence[str]
) -> Iterator[RenderableType]:
    """Yield what is to be printed, from the top down."""
    yield _rows("given", _given(snapshot.given))
    if snapshot.made is not None:
        yield _rows("made of it", _made(snapshot, snapshot.made))
        yield _memory(snapshot.made, snapshot.given.memory_limit_bytes)
    for one in unknown:
        yield cell(f"not looked at: {one}", "dim")
    for one in problems:
        yield cell(f"critical: {one}", _STYLES[Severity.CRITICAL])
    for finding in findings:
        yield cell(f"{finding.severity.value}: {finding.text} [{finding.id}]", _STYLES[finding.severity])
        yield cell(f"  {_WHERE[finding.at]}: {finding.change}")
    if not findings and not problems:
        yield Text("nothing is wrong", "green")


def _rows(name: str, rows: Iterator[tuple[str, str]]) -> Table:
    table = Table(header_style="bold")
    table.add_column(name)
    table.add_column("")
    for row in rows:
        table.add_row(*map(cell, row))
    return table


def _given(given: Given) -> Iterator[tuple[str, str]]:
    narrowed = "" if given.cpuset in {None, given.cpus} else f", of the cpuset's {format_cpulist(given.cpuset or ())}"
    yield "CPUs", f"{format_cpulist(given.cpus)}{narrowed}, of {given.machine_cpus} that the machine has"
    yield "CPU quota", _NONE if given.cpu_quota is None else many_cpus(given.cpu_quota)
    yield "throttled so far", _throttled(given)
    memory = _UNKNOWN if given.memory_nodes is None else format_cpulist(given.memory_nodes)
    yield "NUMA nodes", f"CPUs {format_cpulist(given.cpu_nodes)}, memory {memory}"
    used = "" if given.memory_used_bytes is None else f", {size(given.memory_used_bytes)} in use"
    yield "memory limit", _NONE if given.memory_limit_bytes is None else f"{size(given.memory_limit_bytes)}{used}"
    yield "for want of memory", _known(given.memory_kills_all, "all processes are killed", "one process is killed")
    yield "open files", _NONE if given.open_files is None else str(given.open_files)
    yield "clock", _known(given.clock_synchronised, "synchronised", "not synchronised")


def many_cpus(count: float) -> str:
    """Return a number of CPUs with its noun."""
    return f"{count:.3g} {'CPU' if count == 1 else 'CPUs'}"


def _throttled(given: Given) -> str:
    share, periods, seconds = given.throttled_share, given.throttled_periods, given.throttled_seconds
    if share is None or periods is None or seconds is None:
        return "no"
    return f"{many(periods, 'period')}, {percent(share)} of them, {duration(seconds)}"


def _known(so: bool | None, yes: str, no: str) -> str:  # noqa: FBT001 - what is told is whether
    return _UNKNOWN if so is None else yes if so else no


def _made(snapshot: Snapshot, made: Made) -> Iterator[tuple[str, str]]:
    running = snapshot.running
    if made.multiprocessing:
        yield "servers", f"{made.servers}{' (as configured)' if made.servers_configured else ''}"
        most = "" if made.verifiers_max is None else f", up to {made.verifiers_max}"
        yield "verifiers", f"{made.verifiers}{most}"
        if made.minters:
            yield "minters", str(made.minters)
        yield "pinned", ", ".join(f"{one.process} to CPU {one.cpu}" for one in made.pinned) or "nothing"
    else:
        yield "processes", "1 (enable_multiprocessing: false)"
    if running is not None:
        memory = "" if running.memory_bytes is None else f", {size(running.memory_bytes)} of memory"
        servers, verifiers = many(running.servers, "server"), many(running.verifiers, "verifier")
        yield "runs now", f"{servers}, {verifiers}{memory}"


def _memory(made: Made, limit: int | None) -> Table:
    table = Table(header_style="bold")
    table.add_column("memory, when it is full")
    for heading in ("shared (memfd)", "processes"):
        table.add_column(heading, justify="right")
    for one in made.memory:
        table.add_row(
            *map(cell, (one.name, *(size(each) if each else "" for each in (one.shared_bytes, one.process_bytes))))
        )
    share = "" if not limit else f", {percent(made.memory_bytes / limit)} of the limit"
    table.add_row(
        cell(f"together {size(made.memory_bytes)}{share}", "bold"),
        cell(size(made.shared_bytes), "bold"),
        cell(size(made.memory_bytes - made.shared_bytes), "bold"),
    )
    return table
