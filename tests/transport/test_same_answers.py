"""Both transports answer the same requests with the same bytes."""

import asyncio
import random

import grpc

from sidecar.core.check import Checker
from sidecar.engine.engine import Engine, Services
from sidecar.engine.local_cache import LocalCache
from sidecar.transport.address import TcpAddress
from sidecar.transport.grpcio_server import GrpcioServer
from sidecar.transport.native.limits import MIB, Limits
from sidecar.transport.native.server import NativeServer
from sidecar.verify.inline import verify_inline
from support.answers import read_answer
from support.fronts import CHECK, run
from support.requests import check_request, with_token
from support.tokens import NOW, claims, mint
from support.trusts import ALLOW_ALL, policy_set, trust

_CHANCE = random.Random(7)  # noqa: S311 - the same requests in every run
_TOKENS = [
    mint(),
    mint(claims(sub="bob")),
    mint(claims(exp=NOW - 100)),
    mint()[:-6] + "AAAAAA",
    "a.b.c",
    "",
    "no token",
]
_PATHS = ["/orders", "/public", "/a/../b", "/orders?access_token=x", "/%C3%A9", "/" + "a" * 9000]
_ODD = [b"", b"\xff", b"\x0a\xff", _CHANCE.randbytes(1000), check_request()[:-1], check_request(method="get")]


def _requests() -> list[bytes]:
    made = [with_token(token, path=path) for token in _TOKENS for path in _PATHS]
    made += [check_request(path=path) for path in _PATHS] + _ODD
    made += [with_token(_TOKENS[0], headers={"x_auth_subject": "evil", "x-padding": "p" * size}) for size in (1, 10**6)]
    return made * 2  # known the second time


async def _answers(target: str, requests: list[bytes]) -> list[bytes]:
    async with grpc.aio.insecure_channel(target, options=[("grpc.max_send_message_length", -1)]) as channel:
        ask = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the serialisers may be left out
        return [bytes(one) for one in await asyncio.gather(*(ask(request, timeout=60) for request in requests))]


def _engine() -> Engine:
    in_force = trust(policy_set(ALLOW_ALL, public=[{"paths": ["/public"]}]))
    return Engine(Checker(lambda: in_force, recent=LocalCache(10)), Services(verify_inline), lambda: NOW, lambda: "api")


def test_same_denial_of_what_is_too_large() -> None:
    """A message of more bytes than are taken is denied by both, and no gRPC error; one of just as many is decided."""
    token = mint()
    longest = with_token(token, path="/orders", headers={"x-padding": "p" * 2 * MIB})
    requests = [longest, with_token(token, path="/orders", headers={"x-padding": "p" * 2 * MIB + "p"}), longest * 4]

    async def scenario() -> None:
        ours, theirs = _engine(), _engine()
        limits = Limits(max_message_bytes=len(longest))
        native = NativeServer(ours.begin, limits, too_large=ours.too_large)
        grpcio = GrpcioServer(theirs, max_message_bytes=len(longest))
        addresses = [str(await one.start(TcpAddress("127.0.0.1", 0))) for one in (native, grpcio)]
        answers = [await _answers(address, requests) for address in addresses]
        assert answers[0] == answers[1]
        found = [(one.reason, one.status) for one in map(read_answer, answers[0])]
        assert found == [("allowed", 200), ("request_too_large", 413), ("request_too_large", 413)]
        await asyncio.gather(native.stop(1), grpcio.stop(1))

    run(scenario())


def test_same_bytes() -> None:
    """Good and bad tokens, odd paths, garbage and large messages, for the first time and again."""

    async def scenario() -> None:
        native, grpcio = NativeServer(_engine().begin), GrpcioServer(_engine())
        addresses = [str(await one.start(TcpAddress("127.0.0.1", 0))) for one in (native, grpcio)]
        requests = _requests()
        ours, theirs = [await _answers(address, requests) for address in addresses]
        assert ours == theirs
        assert {read_answer(one).reason for one in ours} >= {
            "allowed",
            "public_path",
            "bad_signature",
            "path_not_normal",
        }
        await asyncio.gather(native.stop(1), grpcio.stop(1))

    run(scenario())
