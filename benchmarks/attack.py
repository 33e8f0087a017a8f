"""An attack with forged tokens beside callers who are known, and some who come for the first time. Linux.

    python benchmarks/attack.py [--seconds 10] [--known 2000] [--forged 3000] [--first 100]

Open loop: every call is due at its time, whatever became of those before it, and its latency counts from then. Calls go
straight to the servers' sockets, without Envoy. Forged tokens have a known kid and issuer and valid claims, and a
signature of 64 random bytes, each new, so that nothing but cryptography can refuse them; they come from a few addresses
of their own. Prints, for each kind of caller, what they were answered and how long it took.
"""

import argparse
import asyncio
import os
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from h2_client import Client, connect

from sidecar.core.base64url import encode
from sidecar.demo.stack import sidecar_addresses, start_sidecar
from sidecar.demo.workspace import CONFIGURATION, Workspace, prepare
from sidecar.protos.ext_authz import CheckRequest, CheckResponse

CHECK = "/envoy.service.auth.v3.Authorization/Check"
#: Connections to each server, as Envoy's two workers have.
CONNECTIONS = 2
KNOWN_TOKENS = 500


@dataclass
class Kind:
    """One kind of caller: how many calls a second, and how the next call is made."""

    name: str
    rate: float
    request: Callable[[int], bytes]
    answers: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    def answered(self, due: float, message: bytes) -> None:
        """Note an answer."""
        self.latencies.append(time.perf_counter() - due)
        response = CheckResponse.FromString(message)
        status = response.denied_response.status.code
        if not message:
            self.answers["no answer"] += 1
        elif response.HasField("ok_response") and response.status.code == 0:
            self.answers["allowed"] += 1
        else:
            retry = any(option.header.key == "retry-after" for option in response.denied_response.headers)
            self.answers[f"{status}{' with Retry-After' if retry else ''} {response.status.message}"] += 1

    def row(self) -> str:
        """Return a line of the table."""
        ordered = sorted(self.latencies) or [0.0]
        middle, late, last = (ordered[min(int(len(ordered) * part), len(ordered) - 1)] for part in (0.5, 0.99, 1.0))
        answers = ", ".join(f"{count} {name}" for name, count in self.answers.most_common())
        return f"{self.name:<12}{middle * 1e3:9.2f}{late * 1e3:9.2f}{last * 1e3:9.2f}   {answers}"


def request(token: str, source: str) -> bytes:
    """Return a CheckRequest with usual headers."""
    message = CheckRequest()
    message.attributes.source.address.socket_address.address = source
    http = message.attributes.request.http
    http.method, http.path, http.host, http.scheme = "GET", "/orders/1", "api.example", "https"
    http.headers.update({f"x-header-{number}": "v" * 20 for number in range(10)})
    http.headers["authorization"] = f"Bearer {token}"
    data: bytes = message.SerializeToString()
    return data


def kinds(workspace: Workspace, options: argparse.Namespace) -> Iterator[Kind]:
    """Make the three kinds of caller, with their tokens."""
    known = [request(workspace.token(jti=f"known-{number}"), "10.0.0.1") for number in range(KNOWN_TOKENS)]
    count = int(options.first * options.seconds) + 1
    first = [request(workspace.token(jti=f"first-{number}"), f"10.0.1.{number % 250}") for number in range(count)]
    signed = workspace.token(jti="forged").rpartition(".")[0]

    def forged(number: int) -> bytes:
        return request(f"{signed}.{encode(secrets.token_bytes(64)).decode()}", f"10.6.6.{number % 5}")

    yield Kind("known", options.known, lambda number: known[number % KNOWN_TOKENS])
    yield Kind("forged", options.forged, forged)
    yield Kind("first time", options.first, lambda number: first[number])


async def run(kind: Kind, clients: list[Client], began: float, seconds: float) -> None:
    """Send what is due, one call after the other."""
    number, total = 0, int(kind.rate * seconds)
    while number < total:
        due = began + number / kind.rate
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        while number < total and (due := began + number / kind.rate) <= time.perf_counter():
            clients[number % len(clients)].call(due, kind.request(number))
            number += 1
        await asyncio.sleep(0)


async def attack(addresses: tuple[str, ...], workspace: Workspace, options: argparse.Namespace) -> list[Kind]:
    """Warm the caches, then let all three kinds loose."""
    everybody = list(kinds(workspace, options))
    known = everybody[0]
    clients = {
        kind.name: [await connect(one, CHECK, kind.answered) for one in addresses for _ in range(CONNECTIONS)]
        for kind in everybody
    }
    for client in clients[known.name]:
        for number in range(KNOWN_TOKENS):
            client.call(time.perf_counter(), known.request(number))
        await _answered(client)
    known.answers.clear()
    known.latencies.clear()
    began = time.perf_counter() + 0.1
    await asyncio.gather(*(run(kind, clients[kind.name], began, options.seconds) for kind in everybody if kind.rate))
    for ours in clients.values():
        await asyncio.gather(*map(_answered, ours))
    for kind in everybody:
        kind.answers["no answer"] += sum(client.waiting for client in clients[kind.name])
    return everybody


async def _answered(client: Client) -> None:
    """Wait until a client has all of its answers, a few seconds at the most."""
    for _ in range(500):
        if not client.waiting:
            break
        await asyncio.sleep(0.01)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("seconds", 10.0), ("known", 2000.0), ("forged", 3000.0), ("first", 100.0)):
        parser.add_argument(f"--{name}", type=float, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        workspace = prepare(Path(folder), CONFIGURATION)
        with start_sidecar(workspace) as sidecar:
            result = asyncio.run(attack(sidecar_addresses(sidecar), workspace, options))
            print(f"{options.seconds:g} s, {os.cpu_count()} CPUs; milliseconds from the moment a call was due")
            print(f"{'caller':<12}{'median':>9}{'p99':>9}{'longest':>9}   answers")
            for kind in result:
                print(kind.row())


if __name__ == "__main__":
    main()
