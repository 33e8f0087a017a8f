"""Fuzz the native transport: any bytes, in any pieces, with time that passes between them.

    python tests/fuzz/fuzz_connection.py -max_total_time=60 tests/fuzz/corpus
    python tests/fuzz/fuzz_connection.py --seed tests/fuzz/corpus

The second writes the corpus it begins with. An input is records of a kind and a length, which make reads of a client
that has greeted, frames among them whose heads are right; what is left over is read as it is. Two servers read it, one
at once and one in small pieces: nothing may raise, what is kept is bounded, and both have to say the same.
"""

import argparse
import logging
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sidecar.transport.native", "hpack"]):
    from sidecar.transport.native import frames
    from sidecar.transport.native.calls import Calls
    from sidecar.transport.native.health import Health
    from sidecar.transport.native.limits import KIB, Limits
    from sidecar.transport.native.methods import Methods, Unary

_LIMITS = Limits(
    max_concurrent_streams=8,
    max_message_bytes=50_000,
    max_header_list_bytes=20_000,
    max_header_fields=100,
    max_continuation_frames=8,
    stream_window_bytes=64 * KIB,
    connection_window_bytes=128 * KIB,
    max_request_bytes=64 * KIB,
    max_unsent_bytes=100_000,
    max_resets_per_second=50,
    max_pings_per_second=50,
    max_settings_per_second=50,
    max_window_updates_per_second=50,
    max_empty_data_per_second=50,
    max_ignored_frames_per_second=50,
)
_CHECK = b"/envoy.service.auth.v3.Authorization/Check"
#: A check's usual header block, literals alone.
_BLOCK = b"".join(
    b"\x00" + bytes((len(name),)) + name + bytes((len(value),)) + value
    for name, value in (
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", _CHECK),
        (b"content-type", b"application/grpc"),
    )
)


class _Outside:
    """Nothing is ever awaited to its end."""

    def begin(self, *_: object) -> None:
        """Do nothing."""

    def cancel(self, *_: object) -> None:
        """Do nothing."""

    def holds_more(self) -> None:
        """Have nobody beside it."""

    def flush_soon(self) -> None:
        """Do nothing."""


class _Never:
    def __await__(self) -> Iterator[None]:
        raise AssertionError


def _answer(message: bytes, _seconds: float | None) -> object:
    if message.startswith(b"w"):
        return _Never()
    if message.startswith(b"e"):
        raise ValueError
    return message * 2


def _calls() -> Calls:
    methods: Methods = {_CHECK: Unary(_answer)} | Health(["x"]).methods()  # type: ignore[arg-type]  # at will
    calls = Calls(_LIMITS, methods, _Outside(), 0.0)
    calls.received(frames.PREFACE + frames.frame(frames.SETTINGS, 0, 0), 0.0)
    return calls


def reads(data: bytes) -> Iterator[tuple[bytes, float]]:
    """Make reads of an input, each with the seconds that pass before it."""
    stream = 1
    while len(data) >= 4:
        kind, flags, size = struct.unpack_from(">BBH", data)
        body, data = data[4 : 4 + size], data[4 + size :]
        if kind < 16:
            number = body[0] if body else 0
            yield frames.frame(kind, flags, number, body[1:]), 0.0
        elif kind < 128:
            call = frames.frame(frames.HEADERS, frames.END_HEADERS, stream, _BLOCK)
            body = struct.pack(">BI", 0, len(body)) + body
            yield call + frames.frame(frames.DATA, frames.END_STREAM, stream, body[:16384]), 0.0
            stream += 2
        elif kind < 160:
            yield frames.frame(frames.HEADERS, flags, stream, body), 0.0
            stream += 2
        elif kind < 192:
            yield body, 0.0
        else:
            yield b"", float(flags)
    yield data, 0.0


def fuzz(data: bytes) -> None:
    """Have an input read."""
    whole, cut = _calls(), _calls()
    now = 0.0
    for received, seconds in reads(data):
        now += seconds
        for calls in (whole, cut):
            calls.tick(now)
        if received:
            whole.received(received, now)
        for at in range(0, len(received), 7):
            cut.received(received[at : at + 7], now)
        _look(whole)
        _look(cut)
    assert b"".join(whole.connection.out) == b"".join(cut.connection.out)
    assert whole.connection.closed == cut.connection.closed


def _look(calls: Calls) -> None:
    connection = calls.connection
    assert len(connection.streams.alive) <= _LIMITS.max_concurrent_streams
    assert connection.outlet.held <= _LIMITS.max_unsent_bytes or connection.closed
    assert connection.outlet.held == sum(len(each.unsent) for each in connection.streams.alive.values())
    assert len(connection.inbox._rest) < _LIMITS.max_frame_bytes + frames.HEAD_BYTES
    assert len(connection.headers.known) <= 64


def record(kind: int, flags: int, body: bytes = b"") -> bytes:
    """Return a record of an input."""
    return struct.pack(">BBH", kind, flags, len(body)) + body


def seeds() -> dict[str, bytes]:
    """Return inputs to begin with, one for each thing that a client may do."""
    call, one = record(16, 0, b"hello"), b"\x01"
    return {
        "call": call * 3,
        "awaited": record(16, 0, b"wait") + record(frames.RST_STREAM, 0, one + bytes(4)),
        "failing": record(16, 0, b"e") + call,
        "continuation": record(128, 0, _BLOCK[:20]) + record(frames.CONTINUATION, 4, one + _BLOCK[20:]),
        "upload": record(128, 4, _BLOCK) + record(frames.DATA, 0, one + b"\0\0\0\0\x05he") * 2,
        "padded": record(128, 0x2C, b"\x02" + bytes(5) + _BLOCK + bytes(2)),
        "trailers": record(128, 4, _BLOCK) + record(frames.HEADERS, 5, one + b"\x00\x01x\x01y"),
        "windows": record(frames.SETTINGS, 0, b"\0\0\x04" + bytes(4)) + call + record(8, 0, b"\x01\0\0\x10\0"),
        "table": record(128, 4, b"\x40\x01a\x01b" + _BLOCK)
        + record(128, 4, b"\xbe" + _BLOCK)
        + record(128, 4, b"\x20"),
        "ping": record(frames.PING, 0, bytes(9)) + record(frames.GOAWAY, 0, bytes(9)),
        "priority": record(frames.PRIORITY, 0, bytes((3, 0, 0, 0, 1, 9))),
        "time": record(128, 4, _BLOCK) + record(200, 61) + record(200, 61) + call,
        "bytes": record(160, 0, frames.frame(frames.PING, 0, 0, bytes(8))) + b"GET / HTTP/1.1\r\n\r\n",
    }


def main() -> None:
    """Fuzz, or write the seeds."""
    if sys.argv[1:2] == ["--seed"]:
        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=Path)
        folder = parser.parse_args().seed
        for name, data in seeds().items():
            (folder / name).write_bytes(data)
        return
    logging.disable()
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
