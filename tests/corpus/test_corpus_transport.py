"""The corpus through the native transport: what it says to Envoy is what the check says."""

import asyncio

import grpc
import pytest

from corpus.case import Case, load_all
from corpus.setups import NAMES, trust_of
from sidecar.core.check import Checker
from sidecar.engine.engine import Engine, Services
from sidecar.engine.local_cache import LocalCache
from sidecar.transport.address import TcpAddress
from sidecar.transport.native.server import NativeServer
from sidecar.verify.inline import verify_inline
from support.answers import read_answer
from support.fronts import CHECK, run
from support.tokens import NOW

CASES = load_all()


@pytest.mark.parametrize("name", NAMES)
def test_native(name: str) -> None:
    """Each case ends the same for a client of gRPC, for the first time and when it comes again."""
    met = [case for case in CASES if case.setup_name == name]

    async def scenario() -> None:
        engine = Engine(
            Checker(lambda: trust_of(name), recent=LocalCache(1000)),
            Services(verify_inline),
            lambda: NOW,
            lambda: "api",
        )
        server = NativeServer(engine.begin)
        address = str(await server.start(TcpAddress("127.0.0.1", 0)))
        try:
            for _ in range(2):
                assert await _reasons(address, met) == {case.name: case.expect for case in met}
        finally:
            await server.stop(0)

    run(scenario())


async def _reasons(address: str, met: list[Case]) -> dict[str, str]:
    async with grpc.aio.insecure_channel(address, options=[("grpc.max_send_message_length", -1)]) as channel:
        ask = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the serialisers may be left out
        answers = await asyncio.gather(*(ask(case.raw(), timeout=60) for case in met))
    return {case.name: read_answer(answer).reason for case, answer in zip(met, answers, strict=True)}
