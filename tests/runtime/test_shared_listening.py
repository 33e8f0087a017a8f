"""``listen_mode: shared``: all servers on one port."""

import signal
from pathlib import Path

import grpc

from support.answers import read_answer
from support.fronts import CHECK
from support.ports import free_port
from support.processes import eventually
from support.requests import with_token
from support.sidecars import CONFIGURATION, running_sidecar


def test_all_servers_answer_on_one_port(short_folder: Path) -> None:
    """Connections come to more than one server, and go on when one of them is stopped in order."""
    address = f"127.0.0.1:{free_port()}"
    text = CONFIGURATION.replace("{listen}", address) + "listen_mode: shared\n"
    with running_sidecar(short_folder, text) as sidecar:
        assert eventually(sidecar.is_ready)
        assert sidecar.addresses == (address,)
        raw = with_token(sidecar.workspace.token())
        # Each channel is a connection of its own: gRPC shares them between channels unless they differ.
        for number in range(40):
            with grpc.insecure_channel(address, options=[("test.number", number)]) as channel:
                call = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the serialisers may be left out
                assert read_answer(call(raw, timeout=20)).allowed
        assert sidecar.checks(outcome="allowed", reason="allowed") == 40
        sidecar.kill("server-0", signal.SIGTERM)
        assert eventually(lambda: "server-0 ended: exit code 0" in sidecar.printed())
        assert sidecar.check(address).allowed
