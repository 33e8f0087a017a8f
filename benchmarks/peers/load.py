"""Load: wrk for the closed loop, vegeta for the open one, and how their output is read."""

import csv
import json
import math
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from peers.plan import Cell, Tokens
from peers.tools import Tools

#: Below which paths are asked for; each token has its own, as Envoy finds no two requests alike.
PATH = "/orders/"
#: What a browser sends beside the token.
HEADERS = (
    "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "accept: application/json, text/plain, */*",
    "accept-language: en-GB,en;q=0.7,de;q=0.3",
    "accept-encoding: gzip, deflate, br, zstd",
    "referer: https://shop.example/orders",
    "origin: https://shop.example",
    "cookie: session=4f2d9c1ab0e84c57; theme=dark",
    "cache-control: no-cache",
    "x-requested-with: XMLHttpRequest",
)
_SCRIPT = Path(__file__).with_name("wrk.lua")
_OK = 200
_WARM_UPS, _WARM_UP_CONNECTIONS = 5, 2


class LoadError(RuntimeError):
    """A load that did not come to figures, or to wrong answers. The text says what happened."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load: latencies in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    p999: float


@dataclass(frozen=True, slots=True)
class TokenFile:
    """Tokens to send: ``count`` lines of ``file`` from line ``first`` (from 0) on."""

    file: Path
    first: int
    count: int

    def read(self) -> list[tuple[int, str]]:
        """Return the tokens with their line, from 1."""
        with self.file.open(encoding="ascii") as lines:
            chosen = islice(lines, self.first, self.first + self.count)
            return [(self.first + turn, line.strip()) for turn, line in enumerate(chosen, 1)]


def send(tools: Tools, port: int, cell: Cell, tokens: TokenFile, seconds: float) -> Outcome:
    """Put the load of ``cell`` on Envoy at 127.0.0.1:``port``; raises ``LoadError`` unless every answer is a 200."""
    if cell.rate:
        return _vegeta(tools, port, cell, tokens, seconds)
    return read_wrk(_wrk(tools, port, cell, tokens, seconds))


def warm_up(tools: Tools, port: int, tokens: TokenFile, seconds: float) -> None:
    """Make the tokens known, over few connections; raises ``LoadError``.

    Who sheds new callers under load may do so here, until all are known; later it is a wrong answer.
    """
    cell = Cell(Tokens.THOUSAND, connections=_WARM_UP_CONNECTIONS)
    for _ in range(_WARM_UPS):
        with suppress(LoadError):
            if read_wrk(_wrk(tools, port, cell, tokens, seconds)).requests >= tokens.count:
                return
    raise LoadError(f"refuses good tokens, or is too slow to see all of them, in {_WARM_UPS} warm-ups")


def percentile(ordered: Sequence[float], part: float) -> float:
    """Return the least value that ``part`` (0 to 1) of the values do not exceed; ``ordered`` is sorted, not empty."""
    return ordered[max(math.ceil(len(ordered) * part) - 1, 0)]


def read_wrk(printed: str) -> Outcome:
    """Read the line that ``wrk.lua`` prints; raises ``LoadError``."""
    _, found, rest = printed.partition("\nRESULT ")
    if not found:
        raise LoadError(f"wrk: no figures in what it printed\n{printed[-500:]}")
    said = json.loads(rest.splitlines()[0])
    if said["failed"] or said["refused"] or not said["requests"]:
        raise LoadError(
            f"wrk: {said['refused']} of {said['requests']} answers were no 2xx, {said['failed']} requests failed"
        )
    latencies = (said[name] / 1e3 for name in ("p50", "p99", "p999"))
    return Outcome(said["requests"], said["microseconds"] / 1e6, *latencies)


def read_vegeta(rows: Iterable[Sequence[str]], rate: float) -> Outcome:
    """Read ``vegeta encode --to csv``: each latency counted from when its request was due; raises ``LoadError``.

    Columns: time of sending and latency in nanoseconds, with status and sequence number. vegeta counts from when it
    sent a request. What it sent late, since it was late itself or all was stuck, must not look fast (coordinated
    omission): request n was due n/rate seconds after the beginning, which is the earliest that fits all.
    """
    sent: list[tuple[int, int, int]] = []
    for row in rows:
        when, status, latency, number = int(row[0]), int(row[1]), int(row[2]), int(row[8])
        if status != _OK:
            raise LoadError(f"vegeta: request {number} was answered with {status or row[5]}")
        sent.append((number, when, latency))
    if not sent:
        raise LoadError("vegeta: no answers")
    interval = 1e9 / rate
    began = min(when - number * interval for number, when, _ in sent)
    ordered = sorted((when - began - number * interval + latency) / 1e6 for number, when, latency in sent)
    seconds = (max(when + latency for _, when, latency in sent) - began) / 1e9
    return Outcome(len(sent), seconds, *(percentile(ordered, part) for part in (0.5, 0.99, 0.999)))


def _wrk(tools: Tools, port: int, cell: Cell, tokens: TokenFile, seconds: float) -> str:
    once = "once" if cell.tokens is Tokens.FRESH else "again"
    # One thread: the script's state, and so the order of tokens, is a thread's own.
    command = [tools.path("wrk"), "-t", "1", "-c", str(cell.connections), "-d", f"{math.ceil(seconds)}s"]
    command += ["--timeout", "10s", "-s", str(_SCRIPT), f"http://127.0.0.1:{port}", "--"]
    command += [str(tokens.file), str(tokens.first), str(tokens.count), once, PATH, *HEADERS]
    return run_program(command, seconds).stdout


def _vegeta(tools: Tools, port: int, cell: Cell, tokens: TokenFile, seconds: float) -> Outcome:
    targets, results = tokens.file.with_suffix(".targets"), tokens.file.with_suffix(".results")
    common = "".join(f"{header}\n" for header in HEADERS)
    targets.write_text(
        "".join(
            f"GET http://127.0.0.1:{port}{PATH}{number}\nauthorization: Bearer {token}\n{common}\n"
            for number, token in tokens.read()
        ),
        encoding="utf-8",
    )
    command = [tools.path("vegeta"), "attack", "-targets", str(targets), "-output", str(results)]
    command += ["-rate", f"{cell.rate}/s", "-duration", f"{seconds:g}s", "-timeout", "10s", "-http2=false"]
    run_program(command, seconds)
    encoded = run_program([tools.path("vegeta"), "encode", "--to", "csv", str(results)], 0)
    return read_vegeta(csv.reader(encoded.stdout.splitlines()), cell.rate)


def run_program(command: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a program that takes so long and some more; raises ``LoadError`` unless it ends well."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120, check=False)  # noqa: S603 - our own commands
    except subprocess.TimeoutExpired:
        raise LoadError(f"{Path(command[0]).name}: did not end") from None
    if done.returncode:
        raise LoadError(f"{Path(command[0]).name}: ended with {done.returncode}\n{done.stderr[-500:]}")
    return done
