"""A check that is too large is denied: an error would let it in under ``failure_mode_allow``."""

import tempfile
from functools import partial
from pathlib import Path

import httpx
import pytest

from envoy_config.live import application, envoy
from sidecar.core.check import Checker
from sidecar.demo.envoy import find_envoy
from sidecar.engine.engine import Engine, Services
from sidecar.envoy_config import EnvoyOptions
from sidecar.transport.address import UnixAddress
from sidecar.transport.grpcio_server import GrpcioServer
from sidecar.transport.native.limits import KIB, Limits
from sidecar.transport.native.server import NativeServer
from sidecar.verify.inline import verify_inline
from support.threads import serving_in_thread
from support.tokens import NOW
from support.trusts import trust

_MOST = 16 * KIB


def _sidecar(*, native: bool) -> NativeServer | GrpcioServer:
    in_force = trust()
    engine = Engine(Checker(lambda: in_force), Services(verify_inline), lambda: NOW, lambda: "api")
    if native:
        return NativeServer(engine.begin, Limits(max_message_bytes=_MOST), too_large=engine.too_large)
    return GrpcioServer(engine, max_message_bytes=_MOST)


@pytest.mark.parametrize("native", [True, False], ids=["native", "grpcio"])
def test_large_check_is_denied_where_failures_are_let_in(native: bool) -> None:  # noqa: FBT001 - a parameter
    """Envoy takes the denial, which comes before it has sent all of the check, and goes on with the next one."""
    with tempfile.TemporaryDirectory(prefix="large-") as folder, application() as port:
        socket = f"unix:{folder}/authz.sock"
        options = EnvoyOptions(
            listener_port=0,
            admin_port=0,
            upstream_port=port,
            authz_addresses=(socket,),
            timeout_seconds=20.0,
            failure_mode_allow=True,
        )
        with (
            serving_in_thread(partial(_sidecar, native=native), UnixAddress(socket.removeprefix("unix:"))),
            envoy(Path(find_envoy()), options, Path(folder)) as live,
            httpx.Client(base_url=f"http://127.0.0.1:{live.port}", timeout=30) as client,
        ):
            sizes = [_MOST, 10, 3 * _MOST] * 3
            answers = [client.get("/orders", headers={"authorization": "Bearer " + "a" * size}) for size in sizes]
    found = [(one.status_code, one.json().get("reason")) for one in answers]
    assert found == [(413, "request_too_large"), (401, "token_malformed"), (413, "request_too_large")] * 3
