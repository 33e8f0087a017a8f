"""What is around a container: Redis in another, a resolver that does not answer, an issuer's clock that is off."""

import re
import time
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis
from redis.exceptions import RedisError

from sidecar.core.reason import Reason
from sidecar.core.revocation import Kind, Name
from sidecar.demo.workspace import CONFIGURATION, ISSUER
from sidecar.revocation.entry import Entry
from sidecar.revocation.message import sign
from support.containers import PEERS, Boxes, boxes, health, printed, running
from support.ports import free_port
from support.processes import eventually
from support.redis_servers import STREAM
from support.revoking import configuration, feed_keys, feed_lines

pytestmark = pytest.mark.timeout(300)

_SLOW = "https://idp.slow.example"
#: Takes every question, and answers none.
_SILENT_RESOLVER = """
import socket
sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.bind(("127.0.0.1", 53))
print("listening", flush=True)
while True:
    sink.recv(4096)
"""


def _answers(client: Any) -> bool:  # noqa: ANN401 - of Redis
    try:
        return bool(client.ping())
    except RedisError:
        return False


def test_revoked_by_way_of_redis(tmp_path: Path) -> None:
    """What another sidecar has put into the feed counts here; a Redis that is gone changes nothing at once."""
    port = free_port()
    command = ("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", "/")
    with running(PEERS, *command, folder=tmp_path, network_mode="host") as box, Redis(port=port) as client:
        assert eventually(partial(_answers, client)), printed(box)
        keys = []

        def configured(folder: Path) -> str:
            keys.append(feed_keys(folder))
            return configuration(folder, *feed_lines(f"redis://127.0.0.1:{port}/0"))

        with boxes(configured, network_mode="host") as both:
            token, other = both.workspace.token(sub="mallory"), both.workspace.token(sub="bob")
            assert eventually(lambda: both.ask(token).status == 200), printed(both.sidecar)
            entry = Entry(Name(ISSUER, Kind.SUBJECT, "mallory"))
            client.xadd(STREAM, {"jws": sign([entry], keys[0])})
            assert eventually(lambda: both.ask(token).reason == Reason.TOKEN_REVOKED), printed(both.sidecar)
            box.kill()
            assert both.ask(token).reason == Reason.TOKEN_REVOKED
            assert both.ask(other).status == 200


def _with_a_slow_issuer(_: Path) -> str:
    issuer = f"  - issuer: {_SLOW}\n    audiences: [orders]\n    keys:\n      url: {_SLOW}/jwks.json\n\npublic:"
    return CONFIGURATION.replace("\npublic:", issuer, 1)


def test_resolver_that_does_not_answer(tmp_path: Path) -> None:
    """An issuer that cannot be looked up costs nobody else anything: its tokens are told to come back."""
    resolver = running(PEERS, "python3", "-c", _SILENT_RESOLVER, folder=tmp_path, dns=["127.0.0.1"], sysctls=_LOW_PORTS)
    with resolver as box:
        assert eventually(lambda: "listening" in printed(box)), printed(box)
        with boxes(_with_a_slow_issuer, network_mode=f"container:{box.id}") as both:
            assert eventually(lambda: health(both.sidecar) == "healthy"), printed(both.sidecar)
            slow = both.workspace.token(iss=_SLOW)
            assert (both.ask(slow).status, both.ask(slow).reason) == (503, Reason.KEYS_UNAVAILABLE)
            assert {both.ask(both.workspace.token(jti=str(n))).status for n in range(50)} == {200}
            assert both.ask(slow).reason == Reason.KEYS_UNAVAILABLE


_LOW_PORTS = {"net.ipv4.ip_unprivileged_port_start": "0"}


def test_issuer_whose_clock_is_off() -> None:
    """A little ahead or behind is forgiven, more is not, and the reason says which."""
    with boxes() as both:
        now = int(time.time())
        assert both.ask(both.workspace.token(iat=now + 10, nbf=now + 10)).status == 200
        assert both.ask(both.workspace.token(nbf=now + 600)).reason == Reason.TOKEN_NOT_YET_VALID
        assert both.ask(both.workspace.token(iat=now - 700, exp=now - 600)).reason == Reason.TOKEN_EXPIRED


def _with_a_log(_: Path) -> str:
    return CONFIGURATION + "\ndecision_log:\n  file: /var/log/authz/decisions.jsonl\n  allows_one_in: 1\n"


def _lost(both: Boxes) -> float:
    """Return how many lines of the log were not written; 0 where nobody answers yet."""
    with httpx.Client(transport=httpx.HTTPTransport(uds=f"{both.workspace.folder}/probe.sock"), timeout=30) as client:
        try:
            text = client.get("http://a/metrics").text
        except httpx.ConnectError:
            return 0
    lost = re.compile(r'^authz_decision_log_records_total\{output="file",result="failed"\} (\S+)$', re.MULTILINE)
    return sum(float(value) for value in lost.findall(text))


def test_full_disk() -> None:
    """No room for the decision log costs lines, which are counted, and said once: every request is answered."""
    with boxes(_with_a_log, tmpfs={"/var/log/authz": "size=16k,mode=1777"}) as both:
        token = both.workspace.token()
        assert eventually(lambda: both.ask(token).status == 200 and _lost(both) > 0), printed(both.sidecar)
        assert {both.ask(token).status for _ in range(50)} == {200}
        assert printed(both.sidecar).count("since there is no room for all of it") in {1, 2}  # of two servers
