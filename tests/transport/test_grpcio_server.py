"""The gRPC front, spoken to by a plain gRPC client. A gRPC error would let requests in under ``failure_mode_allow``."""

import asyncio
import os
import sys
from pathlib import Path

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from sidecar.core.needs import Verdict, Verify
from sidecar.transport.address import AddressError
from sidecar.transport.service import SERVICE
from sidecar.verify.inline import verify_inline
from support.answers import read_answer
from support.fronts import CHECK, HEALTH, Front, run, serving
from support.requests import check_request, with_token
from support.tokens import mint

ADDRESSES = ["127.0.0.1:0", "[::1]:0", "unix:{folder}/a.sock"]
if sys.platform == "linux":
    ADDRESSES.append("unix:@authz{folder}")


async def health(front: Front, service: str) -> int:
    """Return the health that the front gives for a service."""
    answer = await front.call(HEALTH, HealthCheckRequest(service=service).SerializeToString())
    return int(HealthCheckResponse.FromString(answer).status)


@pytest.mark.parametrize("listen", ADDRESSES)
def test_checks_are_answered(listen: str, tmp_path: Path) -> None:
    """A good token is allowed and no token denied, over TCP, a Unix socket and an abstract one."""

    async def scenario() -> None:
        async with serving(listen.replace("{folder}", str(tmp_path))) as front:
            assert read_answer(await front.call(CHECK, with_token(mint()))).allowed
            assert read_answer(await front.call(CHECK, check_request())).reason == "no_credential"

    run(scenario())


@pytest.mark.parametrize("message", [b"", b"\xff", b"\x0a\xff", os.urandom(1000)], ids=["empty", "ff", "cut", "random"])
def test_garbage_is_a_denial_and_no_grpc_error(message: bytes) -> None:
    """Bytes that are no CheckRequest get a denial."""

    async def scenario() -> None:
        async with serving() as front:
            assert read_answer(await front.call(CHECK, message)).reason == "unreadable_request"

    run(scenario())


def test_huge_message_is_a_denial_and_no_grpc_error() -> None:
    """A message beyond gRPC's usual 4 MiB, as Envoy may send with a body, is decided like any other."""

    async def scenario() -> None:
        async with serving() as front:
            answer = await front.call(CHECK, check_request(headers={"x-padding": "p" * (8 * 1024 * 1024)}))
            assert read_answer(answer).reason == "no_credential"

    run(scenario())


@pytest.mark.parametrize("size", [9_000, 17_000, 60_000])
def test_large_metadata_is_no_grpc_error(size: int) -> None:
    """With tracing Envoy hands a client's tracestate on as metadata; a large one does not end the call."""

    async def scenario() -> None:
        async with serving() as front:
            answer = await front.call(CHECK, check_request(), metadata=[("tracestate", "a" * size)])
            assert read_answer(answer).reason == "no_credential"

    run(scenario())


def test_pings_do_not_end_the_connection() -> None:
    """Envoy's keep-alive pings, more frequent than gRPC likes, are borne."""
    options = [("grpc.keepalive_time_ms", 20), ("grpc.http2.max_pings_without_data", 0)]

    async def scenario() -> None:
        async with serving(options=[*options, ("grpc.keepalive_permit_without_calls", 1)]) as front:
            for _ in range(8):
                assert read_answer(await front.call(CHECK, check_request())).reason == "no_credential"
                await asyncio.sleep(0.05)

    run(scenario())


def test_check_that_outlasts_the_deadline_is_a_denial() -> None:
    """A verification slower than the caller's deadline is denied by the sidecar, before the caller gives up."""

    async def slow(need: Verify) -> Verdict:
        await asyncio.sleep(30)
        return await verify_inline(need)

    async def scenario() -> None:
        async with serving(verify=slow) as front:
            answer = await front.call(CHECK, with_token(mint()), timeout=2)
            assert read_answer(answer).reason == "deadline_exceeded"

    run(scenario())


def test_health_follows_the_server() -> None:
    """The overall health and the service's are SERVING while it answers; another service is not known."""

    async def scenario() -> None:
        async with serving() as front:
            assert await health(front, "") == HealthCheckResponse.SERVING
            assert await health(front, SERVICE) == HealthCheckResponse.SERVING
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await health(front, "another")
            assert refused.value.code() is grpc.StatusCode.NOT_FOUND

    run(scenario())


def test_unknown_method_is_unimplemented() -> None:
    """A method that is not there is gRPC's UNIMPLEMENTED."""

    async def scenario() -> None:
        async with serving() as front:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await front.call("/envoy.service.auth.v3.Authorization/Other", b"")
            assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED

    run(scenario())


def test_stop_answers_what_is_under_way() -> None:
    """A check that has begun when the server stops is still answered."""

    async def scenario() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def held(need: Verify) -> Verdict:
            begun.set()
            await go_on.wait()
            return await verify_inline(need)

        async with serving(verify=held) as front:
            check = asyncio.ensure_future(front.call(CHECK, with_token(mint())))
            await begun.wait()
            stopping = asyncio.ensure_future(front.server.stop(30))
            await asyncio.sleep(0)
            go_on.set()
            assert read_answer(await check).allowed
            await stopping

    run(scenario())


def test_port_is_not_shared() -> None:
    """A second server on the same port is refused, where gRPC would by itself share the port with the first."""

    async def scenario() -> None:
        async with serving() as front:
            with pytest.raises(AddressError, match="cannot listen there"):
                async with serving(str(front.address)):
                    pass

    run(scenario())
