"""A million checks by ghz (grpc-go), a million by grpcio, a million through the real Envoy: errors, and memory. Linux.

    PYTHONPATH=benchmarks python -m peers.soak [--checks 1000000] [--transport native] [--tools DIR]

ghz and grpcio ask the sidecar itself; Envoy, with the generated configuration, is sent as many requests over HTTP.
Every answer that we get is looked at; ghz looks at gRPC's status alone, so the sidecar's own counter of checks that it
allowed must have grown by exactly as many: more would be retries of Envoy's. Ends with 1 where anything is missing.
"""

import argparse
import asyncio
import json
import re
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.json_format import MessageToDict

from peers import cpu, envoy
from peers.contender import Bench
from peers.contenders import ours
from peers.contenders.generated import whole_bootstrap
from peers.http_load import send_each
from peers.load import HEADERS, PATH, run_program
from peers.sidecar_metrics import allowed_checks
from peers.tokens import Keys
from peers.tools import Tools, ToolsMissingError
from sidecar.demo.process import Process
from sidecar.protos.ext_authz import CheckRequest, CheckResponse

CHECK = "/envoy.service.auth.v3.Authorization/Check"
TOKENS, WARM_UP = 1000, 20_000
_CONNECTIONS, _IN_FLIGHT = 4, 32
_DISTRIBUTION = re.compile(r"\[(\w+)\]\s+(\d+) responses")


def request(token: str, number: int) -> CheckRequest:
    """Return a check as Envoy sends it."""
    message = CheckRequest()
    http = message.attributes.request.http
    http.method, http.path, http.host, http.scheme = "GET", f"{PATH}{number}", "api.example", "http"
    http.headers.update(dict(header.split(": ", 1) for header in HEADERS))
    http.headers["authorization"] = f"Bearer {token}"
    return message


def protoset() -> bytes:
    """Return the descriptors that a CheckRequest needs: the sidecar has no server reflection."""
    files: dict[str, bytes] = {}

    def add(one: Any) -> None:  # noqa: ANN401 - a FileDescriptor: types know two of them
        for dependency in one.dependencies:
            if dependency.name not in files:
                add(dependency)
        files[one.name] = one.serialized_pb

    add(CheckRequest.DESCRIPTOR.file)
    return FileDescriptorSet(file=map(FileDescriptorProto.FromString, files.values())).SerializeToString()


def by_ghz(tools: Tools, address: str, requests: list[CheckRequest], checks: int, folder: Path) -> int:
    """Have ghz send checks; return how many ended with gRPC's OK."""
    (folder / "check.protoset").write_bytes(protoset())
    data = [MessageToDict(one, preserving_proto_field_name=True) for one in requests]
    (folder / "checks.json").write_text(json.dumps(data), encoding="utf-8")
    command = [tools.path("ghz"), "--insecure", "--protoset", str(folder / "check.protoset"), "--call", CHECK[1:]]
    command += ["--data-file", str(folder / "checks.json"), "--total", str(checks), "--connections", str(_CONNECTIONS)]
    command += ["--concurrency", str(_IN_FLIGHT), "--timeout", "20s", address.replace("unix:/", "unix:///")]
    return read_ghz(run_program(command, checks / 100).stdout)


def read_ghz(printed: str) -> int:
    """Return the OK answers in ghz's summary."""
    return sum(int(count) for status, count in _DISTRIBUTION.findall(printed) if status == "OK")


async def by_grpcio(address: str, requests: list[CheckRequest], checks: int) -> int:
    """Send checks with grpcio; return how many were allowed."""
    messages = [one.SerializeToString() for one in requests]
    turns, allowed = iter(range(checks)), 0

    async def caller(channel: grpc.aio.Channel) -> None:
        nonlocal allowed
        call = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the stubs want the serialisers that may be left out
        for turn in turns:
            response = CheckResponse.FromString(await call(messages[turn % len(messages)], timeout=20))
            allowed += response.HasField("ok_response") and response.status.code == 0

    async with grpc.aio.insecure_channel(address) as channel:
        await asyncio.gather(*(caller(channel) for _ in range(_IN_FLIGHT)))
    return allowed


def by_envoy(port: int, requests: list[CheckRequest], checks: int) -> int:
    """Send as many requests through Envoy; return how many it let through."""
    return asyncio.run(send_each(port, [written(one) for one in requests], checks, _IN_FLIGHT))


def written(check: CheckRequest) -> bytes:
    """Return the request for which Envoy asks ``check``."""
    http = check.attributes.request.http
    headers = "".join(f"{name}: {value}\r\n" for name, value in http.headers.items())
    return f"{http.method} {http.path} HTTP/1.1\r\nhost: {http.host}\r\n{headers}\r\n".encode()


def memory(parent: Process) -> dict[str, int]:
    """Return the resident set of each process, in KiB."""
    return {f"{cpu.name(pid)} ({pid})": cpu.rss(pid) for pid in cpu.tree(parent.pid)}


def soak(bench: Bench, transport: str, checks: int, stack: ExitStack) -> bool:
    """Run it, print what it found, and say whether nothing was missing."""
    text = ours.configuration(transport, ours.listen_address(bench, unix=True))
    sidecar, address = ours.run(bench, stack, text)
    proxy, port = envoy.start(bench.tools.path("envoy"), whole_bootstrap(address, ""), bench.folder)
    stack.enter_context(proxy)
    requests = [request(bench.keys.token(f"user-{number}"), number) for number in range(TOKENS)]
    asyncio.run(by_grpcio(address, requests, WARM_UP))
    before, counted = memory(sidecar) | memory(proxy), allowed_checks(sidecar)
    ok = by_ghz(bench.tools, address, requests, checks, bench.folder)
    print(f"ghz:    {checks} checks, {checks - ok} errors")
    allowed = asyncio.run(by_grpcio(address, requests, checks))
    print(f"grpcio: {checks} checks, {checks - allowed} errors")
    let_in = by_envoy(port, requests, checks)
    print(f"Envoy:  {checks} checks, {checks - let_in} errors")
    counted = allowed_checks(sidecar) - counted
    print(f"the sidecar counted {counted:.0f} allowed checks")
    for name, kib in (memory(sidecar) | memory(proxy)).items():
        old = before.get(name, 0)
        print(f"{name:<28} RSS {old / 1024:7.1f} -> {kib / 1024:7.1f} MiB")
    return ok == allowed == let_in == checks and counted == 3 * checks


def main() -> None:
    """Take the command line, and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=1_000_000)
    parser.add_argument("--transport", choices=("native", "grpcio"), default="native")
    parser.add_argument("--tools", type=Path, metavar="DIR", help="where ghz is, before PATH")
    options = parser.parse_args()
    tools = Tools(options.tools)
    try:
        tools.require(["ghz"])
    except ToolsMissingError as error:
        sys.exit(str(error))
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, ExitStack() as stack:
        bench = Bench(Path(folder), tools, Keys())
        sys.exit(not soak(bench, options.transport, options.checks, stack))


if __name__ == "__main__":
    main()
