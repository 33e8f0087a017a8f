"""What revocation takes: from POST to the last process that refuses, a million entries out of a file, and a check.

    python benchmarks/revocation.py [--rounds 20] [--entries 1000000]

Two sidecars of two servers, each behind an Envoy, share a Redis (redis-server must be installed). A round revokes a
token at one of them and asks both Envoys and all four servers until each has refused it. Every answer is looked at: a
wrong one, and nothing else, is an error. Aims: 1 s; 5 s; 2 us; 40 bytes an entry.
"""

import argparse
import asyncio
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import grpc
from attack import CHECK, request

from sidecar.core.revocation import Marks
from sidecar.demo.client import Call, send
from sidecar.demo.stack import Stack, sidecar_addresses
from sidecar.demo.workspace import ISSUER, Workspace, prepare
from sidecar.engine.denylist import SharedDenylist
from sidecar.keys.signing import SigningKey, generate, key_set_document
from sidecar.memory import segment
from sidecar.memory.denylist import Denylist
from sidecar.memory.denylist_layout import budget
from sidecar.revocation.keeper import Keeper
from sidecar.revocation.lifetime import Lifetime, Lifetimes
from sidecar.revocation.store import Store
from sidecar.runtime.control.revocation_file import RevocationFile
from sidecar.verify.hashing.algorithm import Algorithm
from sidecar.verify.hashing.pool import HashPool
from sidecar.verify.hashing.rows import joined

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
KEY = b"k" * 32
LOOK_UPS = 100_000
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
    raw = request(token, "10.0.0.1")
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


def alike(number: int, later: int) -> str:
    """Return a line as one program writes them all."""
    return f'{{"issuer": "{ISSUER}", "jti": "{os.urandom(12).hex()}", "expires_at": {later + number}}}\n'


def mixed(number: int, later: int) -> str:
    """Return a line of a file that several programs wrote: three kinds, and one line in a hundred like no other."""
    kind, name = ("jti", "sub", "sid")[number % 3], os.urandom(12).hex()
    if number % 100 == 0:
        return json.dumps({"expires_at": later + number, kind: f"{name} \u00fc", "issuer": ISSUER}) + "\n"
    return f'{{"issuer": "{ISSUER}", "{kind}": "{name}", "expires_at": {later + number}}}\n'


def loading(entries: int, workers: int, line: Callable[[int, int], str]) -> None:
    """Print how long a file takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "revoked.jsonl"
        later = int(time.time()) + 3600
        with path.open("w", encoding="utf-8") as file:
            file.writelines(line(number, later) for number in range(entries))
        asyncio.run(_load(path, entries, workers, line.__name__))


async def _load(path: Path, entries: int, workers: int, lines: str) -> None:
    lifetimes = Lifetimes({ISSUER: Lifetime(None, 30.0)})
    shared = segment.create(segment.pages(budget(entries)))
    with HashPool(workers) as pool:
        # A worker takes most of a second to come up, and so does whoever waits for the first digests.
        pool.hash_many(Algorithm.BLAKE2B_128, *joined([b"up"] * 10_000), KEY)
        store = Store(Keeper(shared, KEY, pool, lambda _: time.time), lambda: lifetimes, time.time, lambda *_: None)
        began = time.perf_counter()
        pauses = asyncio.create_task(longest_pause())
        demand(await RevocationFile(path, store).read() == 0, "a line that is wrong")
        seconds = time.perf_counter() - began
        pauses.cancel()
        demand(store.keeper.room().entries == entries, "not all are there")
    what = f"{entries:,} entries, {lines}, {workers} hash worker(s)"
    print(f"file           {seconds:8.2f} s for {what}: aim 5 s for 1,000,000")
    print(f"  loop waits   {await pauses * 1e3:8.1f} ms at the longest meanwhile")
    if not workers and lines == alike.__name__:
        print(f"bytes/entry    {shared.size / store.keeper.room().capacity:8.1f}: aim 40")
        store.keeper.vouch(float("inf"))
        with Denylist(shared) as reader, Denylist(segment.create(segment.pages(budget(entries)))) as empty:
            looking_up(SharedDenylist(reader, KEY), SharedDenylist(empty, KEY))
    await store.close()
    shared.close()


async def longest_pause() -> float:
    """Return, when cancelled, the seconds that the loop's next turn had to wait for at the most."""
    longest = 0.0
    with suppress(asyncio.CancelledError):
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before - 0.001)
    return longest


def microseconds(work: Callable[[], object]) -> float:
    """Return the least CPU time of several rounds."""
    best = float("inf")
    for _ in range(5):
        before = time.process_time()
        for _ in range(LOOK_UPS):
            work()
        best = min(best, time.process_time() - before)
    return best / LOOK_UPS * 1e6


def looking_up(denylist: SharedDenylist, empty: SharedDenylist) -> None:
    """Print what a check pays: each, and the first of each token after a revocation."""
    now = time.time()
    seven = Marks(tuple(os.urandom(16) for _ in range(5)), tuple(os.urandom(12) for _ in range(2)), now)
    three = Marks(seven.names[:1], seven.cut_offs, now)
    nothing = microseconds(lambda: now)
    works: dict[str, Callable[[], object]] = {
        "each check": lambda: denylist.epoch(now),
        "  empty list": lambda: empty.epoch(now),
        "looked up": lambda: denylist.look_up(seven, now),
        "  of one name": lambda: denylist.look_up(three, now),
    }
    for what, work in works.items():
        print(f"{what:<15}{microseconds(work) - nothing:8.2f} us")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--entries", type=int, default=1_000_000)
    chosen = parser.parse_args()
    for line in (alike, mixed):
        for workers in (0, 2):
            loading(chosen.entries, workers, line)
    if chosen.rounds:
        spreading(chosen.rounds)


if __name__ == "__main__":
    main()
