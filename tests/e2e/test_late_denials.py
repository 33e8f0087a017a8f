"""A check that takes too long is denied in time: late, Envoy would let it in under ``failure_mode_allow``."""

import asyncio
import tempfile
from functools import partial
from pathlib import Path

import httpx
import pytest

from envoy_config.live import application, envoy
from sidecar.core.check import Checker
from sidecar.core.needs import Verdict, Verify
from sidecar.demo.envoy import find_envoy
from sidecar.engine.engine import Engine, Services
from sidecar.envoy_config import EnvoyOptions
from sidecar.transport.address import UnixAddress
from sidecar.transport.grpcio_server import GrpcioServer
from sidecar.transport.native.server import NativeServer
from support.threads import serving_in_thread
from support.tokens import NOW, mint
from support.trusts import trust


async def _never(_need: Verify) -> Verdict:
    await asyncio.Event().wait()
    raise AssertionError


def _slow_sidecar(*, native: bool) -> NativeServer | GrpcioServer:
    """Return one in which no signature is ever found good or bad."""
    in_force = trust()
    engine = Engine(Checker(lambda: in_force), Services(_never), lambda: NOW, lambda: "api")
    return NativeServer(engine.begin) if native else GrpcioServer(engine)


@pytest.mark.parametrize("native", [True, False], ids=["native", "grpcio"])
def test_slow_check_is_denied_where_failures_are_let_in(native: bool) -> None:  # noqa: FBT001 - a parameter
    """With the generated retries each try has half of the time; the denial comes before that is over."""
    with tempfile.TemporaryDirectory(prefix="late-") as folder, application() as port:
        socket = f"unix:{folder}/authz.sock"
        options = EnvoyOptions(
            listener_port=0,
            admin_port=0,
            upstream_port=port,
            authz_addresses=(socket,),
            timeout_seconds=4.0,
            failure_mode_allow=True,
        )
        with (
            serving_in_thread(partial(_slow_sidecar, native=native), UnixAddress(socket.removeprefix("unix:"))),
            envoy(Path(find_envoy()), options, Path(folder)) as live,
        ):
            headers = {"authorization": f"Bearer {mint()}"}
            answer = httpx.get(f"http://127.0.0.1:{live.port}/orders", headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["reason"]) == (503, "deadline_exceeded")
