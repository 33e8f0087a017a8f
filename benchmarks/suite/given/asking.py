"""Checks sent straight to servers' sockets, without Envoy: as fast as they answer, or each at its time."""

import asyncio
import time
from collections.abc import Callable, Sequence

from h2_client import Client, connect

from sidecar.protos.ext_authz import CheckRequest, CheckResponse

CHECK = "/envoy.service.auth.v3.Authorization/Check"
#: Seconds that the last answers get.
_PATIENCE = 5.0


def request(token: str, source: str = "10.0.0.1") -> bytes:
    """Return a CheckRequest with usual headers."""
    message = CheckRequest()
    message.attributes.source.address.socket_address.address = source
    http = message.attributes.request.http
    http.method, http.path, http.host, http.scheme = "GET", "/orders/1", "api.example", "https"
    http.headers.update({f"x-header-{number}": "v" * 20 for number in range(10)})
    http.headers["authorization"] = f"Bearer {token}"
    data: bytes = message.SerializeToString()
    return data


async def keep_asking(addresses: Sequence[str], requests: list[bytes], checks: int, in_flight: int) -> float:
    """Send so many checks, ``in_flight`` at each server at any time, all of which must be allowed; return seconds."""
    done, sent, answers = 0, 0, set[bytes]()
    finished = asyncio.get_running_loop().create_future()
    clients: list[Client] = []

    def send() -> None:
        nonlocal sent
        clients[sent % len(clients)].call(0.0, requests[sent % len(requests)])
        sent += 1

    def answered(_due: float, message: bytes) -> None:
        nonlocal done
        done += 1
        answers.add(message)
        if sent < checks:
            send()
        elif done == checks and not finished.done():
            finished.set_result(None)

    clients += [await connect(address, CHECK, answered) for address in addresses]
    began = time.perf_counter()
    for _ in range(min(checks, in_flight * len(clients))):
        send()
    await finished
    seconds = time.perf_counter() - began
    for client in clients:
        client.close()
    assert all(map(is_allowed, answers)), "not all were allowed"  # noqa: S101 - the answers are part of the measurement
    return seconds


def is_allowed(message: bytes) -> bool:
    """Say whether an answer lets the caller in."""
    response = CheckResponse.FromString(message)
    return bool(message) and response.HasField("ok_response") and response.status.code == 0


async def keep_time(clients: list[Client], rate: float, seconds: float, request_of: Callable[[int], bytes]) -> None:
    """Send ``rate`` calls a second, each when it is due, whatever became of those before it (open loop)."""
    number, total, began = 0, int(rate * seconds), time.perf_counter() + 0.1
    while number < total:
        wait = began + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        while number < total and (due := began + number / rate) <= time.perf_counter():
            clients[number % len(clients)].call(due, request_of(number))
            number += 1
        await asyncio.sleep(0)


async def all_answered(clients: list[Client]) -> None:
    """Wait until clients have all of their answers, a few seconds at the most."""
    until = time.monotonic() + _PATIENCE
    while any(client.waiting for client in clients) and time.monotonic() < until:  # noqa: ASYNC110 - sockets tell nobody
        await asyncio.sleep(0.01)


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value that ``part`` of them do not exceed; 0 where there are none."""
    ordered = sorted(values) or [0.0]
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
