"""Tracing, for ``telling``: with the transport's look at each call's header block, as Envoy sends it when it traces.

A collector that takes everything runs in a process of its own, so that what it takes is not counted.
"""

import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle

from hpack import Encoder, NeverIndexedHeaderTuple

from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import VerificationKey
from sidecar.decision_log.redaction import Redaction
from sidecar.engine.engine import Engine, Observer
from sidecar.memory.counters import Row
from sidecar.runtime.serving.observing import observer_of
from sidecar.tracing.collector import Collector
from sidecar.tracing.plan import Plan
from sidecar.tracing.told import Told
from sidecar.tracing.tracing import Tracing
from sidecar.transport.native.head import Head
from sidecar.transport.native.header_memo import HeaderMemo
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.methods import Unary
from sidecar.transport.native.traced_heads import TracedHeads
from suite.given.trust import make_trust

Begin = Callable[[bytes], bytes | Awaitable[bytes]]

#: Calls with a block each, in turn.
_CALLS = 1000
_PATH = "/envoy.service.auth.v3.Authorization/Check"
_FIELDS = (
    (":method", "POST"),
    (":scheme", "http"),
    (":path", _PATH),
    (":authority", "authz.local"),
    ("te", "trailers"),
    ("content-type", "application/grpc"),
    ("grpc-timeout", "200m"),
)
_COLLECTOR = """
import sys, threading, grpc
from concurrent.futures import ThreadPoolExecutor
server = grpc.server(ThreadPoolExecutor(1))
take = grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"")
name = "opentelemetry.proto.collector.trace.v1.TraceService"
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"Export": take}),))
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
sys.stdin.read()
server.stop(0)
"""


@dataclass(frozen=True)
class Traced:
    """What is told of each check, and how one is begun. ``spans`` says how many were made, or dropped."""

    observe: Observer
    begin: Callable[[Engine], Begin]
    spans: Callable[[], int]


def untraced(row: Row) -> Traced:
    """Count checks, of which Envoy traces one in a hundred and the sidecar none."""
    return Traced(observer_of(row), lambda engine: _beginning(_plain(engine), 100), lambda: 0)


def traced(stack: ExitStack, row: Row, every: int) -> Traced:
    """Count checks and trace one in so many, as Envoy says; 0: none. To be called in a loop, which runs on."""
    collector = Collector(f"http://127.0.0.1:{_collector(stack)}", "grpc", 5.0)
    told = frozenset({Told.OUTCOME, Told.REASON, Told.POLICY, Told.ISSUER, Told.METHOD, Told.STATUS})
    plan = Plan(collector, {"service.name": "bench"}, told, 0.0, 1_000_000, believes_requests=True, queue_size=65536)
    trust = make_trust(VerificationKey("k1", frozenset({Algorithm.EDDSA}), bytes(32), b""))
    tracing = Tracing(plan, lambda sent: Redaction(sent, trust).text, row.exemplars.note)
    tracing.open()
    return Traced(
        observer_of(row, (tracing.watch,)),
        lambda engine: _beginning(_tracing(engine, tracing), every),
        lambda: tracing.made + tracing.dropped,
    )


def _plain(engine: Engine) -> HeaderMemo[Head]:
    methods = {_PATH.encode(): Unary(engine.begin)}
    return HeaderMemo(Limits(), lambda fields: Head(fields, methods))


def _tracing(engine: Engine, tracing: Tracing) -> TracedHeads:
    methods = {_PATH.encode(): Unary(engine.begin, tracer=tracing.calls(engine.begin))}
    return TracedHeads(Limits(), lambda fields: Head(fields, methods))


def _beginning(heads: HeaderMemo[Head] | TracedHeads, every: int) -> Begin:
    """Return what begins a check as ``fast_path`` does, each under the next of Envoy's blocks."""
    heads.fields(b"\x20")  # the peer gives up its table
    blocks = [_block(number, is_sampled=bool(every) and number % every == 0) for number in range(1, _CALLS + 1)]
    heads.request(blocks[0])
    turns = cycle(blocks)

    def begin(raw: bytes) -> bytes | Awaitable[bytes]:
        block = next(turns)
        head = heads.known.get(block) or heads.recall(block)
        assert head is not None  # noqa: S101 - they are all of one shape
        assert head.direct is not None  # noqa: S101 - a check's
        return head.direct(raw, None)

    return begin


def _block(number: int, *, is_sampled: bool) -> bytes:
    encoder = Encoder()
    encoder.header_table_size = 0
    parent = f"00-{number * 2**90 + 1:032x}-{number * 2**40 + 1:016x}-{int(is_sampled):02x}"
    fields = [*_FIELDS, ("traceparent", parent), ("tracestate", "")]
    block: bytes = encoder.encode([NeverIndexedHeaderTuple(*one) for one in fields], huffman=True)
    return block[1:]  # without the change of the table's size


def _collector(stack: ExitStack) -> int:
    """Start a collector; return its port."""
    command = [sys.executable, "-c", _COLLECTOR]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    stack.callback(process.communicate, "", 20)
    assert process.stdout is not None  # noqa: S101 - asked for
    return int(process.stdout.readline())
