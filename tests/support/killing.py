"""Killing server processes under load, one at a time, and counting what is lost."""

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from support.load import Load
from support.plugins import Running
from support.processes import eventually
from support.sidecars import Sidecar


def request(tokens: list[str], number: int) -> bytes:
    """Return one of the requests."""
    token = tokens[number % len(tokens)]
    return f"GET /orders/1 HTTP/1.1\r\nhost: orders.example.com\r\nauthorization: Bearer {token}\r\n\r\n".encode()


@dataclass
class Count:
    """Requests that were answered, those of them while a server was away, and those that did not end with 200."""

    answered: int = 0
    away: int = 0
    lost: int = 0


def lost(running: Running, requests: int, connections: int, killed: tuple[str, ...]) -> Count:
    """Send at least so many requests while servers are killed."""
    sidecar = Sidecar(running.workspace, running.sidecar)
    tokens = [running.token(jti=str(number)) for number in range(50)]
    found = Count()
    with Load(running.port, partial(request, tokens), connections=connections, least=requests) as load:
        for turn, name in enumerate(killed):
            _wait(partial(_is_reached, load, requests * (turn + 1) // (len(killed) + 1)), "requests")
            before, at = answering(sidecar), load.answered
            sidecar.kill(name)
            _wait(partial(_is_replaced, sidecar, before), f"another {name}")
            _wait(partial(all_are_well, running), "Envoy to take it for well")
            found.away += load.answered - at
        load.finish()
        found.answered, found.lost = load.answered, load.answered - load.statuses["200"]
    return found


def _is_reached(load: Load, answered: int) -> bool:
    return load.answered >= answered


def _is_replaced(sidecar: Sidecar, before: int) -> bool:
    return answering(sidecar) > before


def answering(sidecar: Sidecar) -> int:
    """Return how many servers have said that they answer, since the start."""
    return sidecar.printed().count("answering checks on")


def all_are_well(running: Running) -> bool:
    """Say whether Envoy would ask every endpoint of the sidecar."""
    connection = http.client.HTTPConnection("127.0.0.1", running.admin_port, timeout=20)
    try:
        connection.request("GET", "/clusters?format=json")
        clusters = json.loads(connection.getresponse().read())["cluster_statuses"]
    finally:
        connection.close()
    hosts = next(one["host_statuses"] for one in clusters if one["name"] != "app")
    return all(host["health_status"] == {"eds_health_status": "HEALTHY"} for host in hosts)


def _wait(is_so: Callable[[], bool], what: str) -> None:
    if not eventually(is_so, seconds=60):
        raise TimeoutError(f"waited a minute for {what}")
