"""What revocation takes from POST to the last process that refuses. ``suite`` has the rest: a file, and a check.

    python benchmarks/revocation.py [--rounds 20]

Two sidecars of two servers, each behind an Envoy, share a Redis (redis-server must be installed). A round revokes a
token at one of them and asks both Envoys and all four servers until each has refused it. Every answer is looked at: a
wrong one, and nothing else, is an error. The aim is 1 s.
"""

import argparse
import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc

from sidecar.demo.client import Call, send
from sidecar.demo.stack import Stack, sidecar_addresses
from sidecar.demo.workspace import ISSUER, Workspace, prepare
from sidecar.keys.signing import SigningKey, generate, key_set_document
from suite.given.asking import CHECK, request

CONFIGURATION = """\
listen: {listen}
servers: 2
verification_workers: 0
probe: {listen: false}
admin: {listen: "unix:FOLDER/admin.sock"}
issuers:
  - issuer: https://idp.demo.example
    audiences: [orders]
    keys: {file: jwks.json}
    max_lifetime_seconds: 3600
    required_claims: [sub, iat]
policies: [{name: all, action: allow, rules: [{}]}]
revocation:
  admin_api: true
  feed: {redis: "redis://127.0.0.1:PORT/0", keys_file: feed.json, signing_key_file: feed.jwk}
"""
PATIENCE = 30.0


def demand(right: bool, what: str) -> None:  # noqa: FBT001 - a condition
    """End with an error if something is wrong."""
    if not right:
        sys.exit(f"WRONG: {what}")


@contextmanager
def redis() -> Iterator[int]:
    """Run a Redis that keeps nothing, and give its port."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - Debian's own
        try:
            yield port
        finally:
            process.kill()


def start(open_things: ExitStack, port: int, key: SigningKey, keys: bytes | None) -> Stack:
    """Start a sidecar with its Envoy; ``keys`` are the issuer's, if there is one already."""
    folder = Path(open_things.enter_context(tempfile.TemporaryDirectory(prefix="rev-")))
    workspace = prepare(folder, CONFIGURATION.replace("PORT", str(port)).replace("FOLDER", str(folder)))
    (folder / "feed.json").write_text(key_set_document([key]), encoding="utf-8")
    (folder / "feed.jwk").write_text(json.dumps(key.private_jwk()), encoding="utf-8")
    if keys is not None:
        (folder / "jwks.json").write_bytes(keys)
    return open_things.enter_context(Stack(workspace, timeout_seconds=5.0))


def revoke(workspace: Workspace, jti: str) -> int:
    """Post an entry; return the status."""
    connection = http.client.HTTPConnection("localhost", timeout=PATIENCE)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(workspace.folder / "admin.sock"))
    body = json.dumps({"issuer": ISSUER, "jti": jti})
    connection.request("POST", "/revocations", body, {"Content-Type": "application/json"})
    status = connection.getresponse().status
    connection.close()
    return status


def through(stack: Stack, token: str) -> int:
    """Ask Envoy; return the status."""
    headers = [("host", "a.example"), ("authorization", f"Bearer {token}")]
    return send(stack.envoy.port, Call("GET", "/orders/1", headers)).status


def all_refuse(stacks: list[Stack], token: str) -> None:
    """Return when every server, and both Envoys, refuse a token."""
    raw = request(token)
    for stack in stacks:
        for address in sidecar_addresses(stack.sidecar):
            with grpc.insecure_channel(address) as channel:
                call = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the stubs want serialisers
                while b"token_revoked" not in call(raw, timeout=PATIENCE, wait_for_ready=True):
                    pass
        while through(stack, token) != 401:  # noqa: PLR2004 - unauthorized
            pass


def spreading(rounds: int) -> None:
    """Print how long a revocation takes to reach everybody."""
    key, times, posts = generate("feed"), [], []
    with redis() as port, ExitStack() as things:
        first = start(things, port, key, None)
        stacks = [first, start(things, port, key, (first.workspace.folder / "jwks.json").read_bytes())]
        # Until both have read the feed they let nobody in.
        deadline = time.monotonic() + PATIENCE
        while any(through(stack, first.workspace.token()) != 200 for stack in stacks):  # noqa: PLR2004 - OK
            demand(time.monotonic() < deadline, "not ready")
        for number in range(rounds):
            token = first.workspace.token(None, jti=f"t-{number}")
            demand(all(through(stack, token) == 200 for stack in stacks), "refused before")  # noqa: PLR2004 - OK
            began = time.perf_counter()
            demand(revoke(first.workspace, f"t-{number}") == 201, "not revoked")  # noqa: PLR2004 - created
            posts.append(time.perf_counter() - began)
            all_refuse(stacks, token)
            times.append(time.perf_counter() - began)
    print(f"POST           {statistics.median(posts) * 1e3:8.1f} ms, longest {max(posts) * 1e3:.1f} ms, of {rounds}")
    print(f"to the last    {statistics.median(times) * 1e3:8.1f} ms, longest {max(times) * 1e3:.1f} ms: aim 1000 ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    spreading(parser.parse_args().rounds)


if __name__ == "__main__":
    main()
