"""Values that gRPC writes in headers."""

from urllib.parse import unquote

import pytest
from hpack import Decoder
from hypothesis import given
from hypothesis import strategies as st

from sidecar.transport.native import replies
from sidecar.transport.native.frames import DATA, frame
from sidecar.transport.native.grpc_message import framed
from sidecar.transport.native.grpc_status import Status, percent_encoded
from sidecar.transport.native.grpc_timeout import parse_timeout


@given(st.text(max_size=50))
def test_text_is_percent_encoded(text: str) -> None:
    """Printable ASCII alone, and what it says when it is decoded."""
    encoded = percent_encoded(text)
    assert all(0x20 <= byte <= 0x7E for byte in encoded)
    assert unquote(encoded.decode()) == text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    "value", [b"", b"S", b"1", b"1s", b"-1S", b"1.5S", b" 1S", b"1S ", b"123456789S", b"1H1M", b"\xb2S"]
)
def test_what_is_no_timeout(value: bytes) -> None:
    """Up to eight digits and a unit, and nothing else."""
    assert parse_timeout(value) is None


@given(
    st.integers(0, 99_999_999),
    st.sampled_from([("H", 3600), ("M", 60), ("S", 1), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9)]),
)
def test_timeout_is_read(number: int, unit: tuple[str, float]) -> None:
    """In every unit."""
    assert parse_timeout(f"{number}{unit[0]}".encode()) == pytest.approx(number * unit[1])


@given(st.text(max_size=2000), st.sampled_from(Status))
def test_header_blocks_are_hpack(text: str, status: Status) -> None:
    """What is prepared is read by a decoder that has seen nothing else, whatever the text's length."""
    for made in (replies.refused(1, status, text), replies.failed(1, status, text)):
        fields = {str(name): str(value) for name, value in Decoder().decode(made[9:])}
        assert fields["grpc-status"] == str(status.value)
        assert fields["grpc-message"] == percent_encoded(text[:256]).decode()


@given(st.integers(0, 16_000), st.integers(1, 2**31 - 1))
def test_whole_answer_is_its_parts(size: int, stream_id: int) -> None:
    """The prepared beginning has the bytes of the frames that it stands for."""
    message = bytes(size)
    parts = replies.opening(stream_id) + frame(DATA, 0, stream_id, framed(message))
    assert replies.whole_answer(stream_id, size) + message == parts
