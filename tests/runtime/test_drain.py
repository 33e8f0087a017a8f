"""SIGTERM: not ready any more, and still answering as long as somebody asks."""

import signal
from pathlib import Path

import grpc
import pytest

from support.answers import read_answer
from support.fronts import CHECK, HEALTH
from support.processes import eventually
from support.requests import with_token
from support.sidecars import running_sidecar

MODES = pytest.mark.parametrize("mode", ["true", "false"])


@MODES
def test_open_connection_is_answered_until_it_closes(short_folder: Path, mode: str) -> None:
    """While a connection is open checks on it are answered, and health says SERVING; then the exit code is 0."""
    environment = {"AUTHZ_ENABLE_MULTIPROCESSING": mode, "AUTHZ_SHUTDOWN_GRACE_SECONDS": "60"}
    with running_sidecar(short_folder, environment=environment) as sidecar:
        assert eventually(sidecar.is_ready)
        raw = with_token(sidecar.workspace.token())
        with grpc.insecure_channel(sidecar.addresses[0]) as channel:
            check = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the serialisers may be left out
            health = channel.unary_unary(HEALTH)  # type: ignore[call-arg]  # the same
            assert read_answer(check(raw, timeout=20)).allowed
            assert eventually(lambda: _connections(sidecar.get("/metrics")[1]) >= 1)
            sidecar.process.signal(signal.SIGTERM)
            assert eventually(lambda: not sidecar.is_ready())
            assert "[-]not-draining failed" in sidecar.get("/readyz")[1]
            assert all(read_answer(check(raw, timeout=20)).allowed for _ in range(20))
            assert health(b"", timeout=20) == b"\x08\x01"  # SERVING
        assert sidecar.process.wait() == 0


def _connections(metrics: str) -> float:
    return sum(
        float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith("authz_child_connections{")
    )


@MODES
def test_grace_is_the_end_of_it(short_folder: Path, mode: str) -> None:
    """A connection that stays open does not keep the sidecar beyond its grace."""
    environment = {"AUTHZ_ENABLE_MULTIPROCESSING": mode, "AUTHZ_SHUTDOWN_GRACE_SECONDS": "2.5"}
    with (
        running_sidecar(short_folder, environment=environment) as sidecar,
        grpc.insecure_channel(sidecar.addresses[0]) as channel,
    ):
        check = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the serialisers may be left out
        assert read_answer(check(with_token(sidecar.workspace.token()), timeout=20)).allowed
        sidecar.process.signal(signal.SIGTERM)
        assert sidecar.process.wait() == 0


def test_one_server_that_is_stopped_says_so(short_folder: Path) -> None:
    """A server that is told to end alone ends with 0 and is replaced; the others are not touched."""
    with running_sidecar(short_folder) as sidecar:
        assert eventually(sidecar.is_ready)
        other = sidecar.pid("server-1")
        old = sidecar.kill("server-0", signal.SIGTERM)
        assert eventually(lambda: "server-0 ended: exit code 0" in sidecar.printed())
        assert eventually(lambda: sidecar.is_ready() and sidecar.pid("server-0") != old)
        assert sidecar.pid("server-1") == other


def test_second_signal_ends_it_at_once(short_folder: Path) -> None:
    """Whoever asks twice does not want to wait for connections."""
    with running_sidecar(short_folder, environment={"AUTHZ_SHUTDOWN_GRACE_SECONDS": "300"}) as sidecar:
        assert eventually(sidecar.is_ready)
        with grpc.insecure_channel(sidecar.addresses[0]) as channel:
            check = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the serialisers may be left out
            assert read_answer(check(with_token(sidecar.workspace.token()), timeout=20)).allowed
            assert eventually(lambda: _connections(sidecar.get("/metrics")[1]) >= 1)
            sidecar.process.signal(signal.SIGTERM)
            assert eventually(lambda: "draining" in sidecar.printed())
            sidecar.process.signal(signal.SIGTERM)
            assert sidecar.process.wait() == 0
