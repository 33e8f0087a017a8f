"""Frames of answers, prepared as far as they can be.

Header blocks use HPACK's static table and literals that are not indexed (RFC 7541, sections 6.1 and 6.2.2): they depend
on nothing that a peer could change.
"""

import struct
from typing import Final

from sidecar.transport.native.frames import DATA, END_HEADERS, END_STREAM, HEADERS, frame
from sidecar.transport.native.grpc_message import PREFIX_BYTES
from sidecar.transport.native.grpc_status import Status, percent_encoded

_STATUS_200: Final = b"\x88"
#: ``grpc-message`` is for people.
_MAX_TEXT = 256


def _size(number: int) -> bytes:
    """Encode an integer with a prefix of 7 bits (RFC 7541, section 5.1)."""
    if number < 127:  # noqa: PLR2004 - the prefix
        return bytes((number,))
    number -= 127
    coded = bytearray((127,))
    while number > 127:  # noqa: PLR2004 - 7 bits a byte
        coded.append(number & 127 | 128)
        number >>= 7
    return bytes((*coded, number))


def _field(name: bytes, value: bytes) -> bytes:
    return b"\x00" + _size(len(name)) + name + _size(len(value)) + value


_CONTENT_TYPE = b"\x0f\x10"  # the name at 31 of the static table
_OPENING = _STATUS_200 + _CONTENT_TYPE + _size(16) + b"application/grpc"
_OK = _field(b"grpc-status", b"0")
#: We take no compressed messages; said where somebody sent one.
_IDENTITY = _field(b"grpc-accept-encoding", b"identity")

#: HEADERS of an answer, then the head of DATA with a whole message in it, up to the message.
_WHOLE = struct.Struct(f">HBBBI{len(_OPENING)}sHBBBIBI")
_END = struct.Struct(f">HBBBI{len(_OK)}s")


def whole_answer(stream_id: int, size: int) -> bytes:
    """Return all that comes before an answer's message of ``size`` bytes, where it goes in one DATA frame."""
    length = size + PREFIX_BYTES
    return _WHOLE.pack(
        0,
        len(_OPENING),
        HEADERS,
        END_HEADERS,
        stream_id,
        _OPENING,
        length >> 8,
        length & 0xFF,
        DATA,
        0,
        stream_id,
        0,
        size,
    )  # fmt: skip - one line a frame


def opening(stream_id: int) -> bytes:
    """Return the frame that begins an answer."""
    return frame(HEADERS, END_HEADERS, stream_id, _OPENING)


def ok(stream_id: int) -> bytes:
    """Return the frame that ends an answer with OK."""
    return _END.pack(0, len(_OK), HEADERS, END_HEADERS | END_STREAM, stream_id, _OK)


def _outcome(status: Status, text: str) -> bytes:
    return _field(b"grpc-status", b"%d" % status) + _field(b"grpc-message", percent_encoded(text[:_MAX_TEXT]))


def failed(stream_id: int, status: Status, text: str) -> bytes:
    """Return the frame that ends an answer that has begun with another status."""
    return frame(HEADERS, END_HEADERS | END_STREAM, stream_id, _outcome(status, text))


def refused(stream_id: int, status: Status, text: str) -> bytes:
    """Return the one frame of an answer that is nothing but a status ("Trailers-Only")."""
    encoding = _IDENTITY if status is Status.UNIMPLEMENTED else b""
    return frame(HEADERS, END_HEADERS | END_STREAM, stream_id, _OPENING + encoding + _outcome(status, text))


def http_refused(stream_id: int, status: int) -> bytes:
    """Return the frame that begins an answer to what is no gRPC request."""
    block = b"\x08\x03%d" % status + _CONTENT_TYPE + _size(10) + b"text/plain"  # :status at 8 of the static table
    return frame(HEADERS, END_HEADERS, stream_id, block)


def http_end(stream_id: int) -> bytes:
    """Return the frame that ends it."""
    return frame(DATA, END_STREAM, stream_id)
