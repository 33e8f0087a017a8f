"""The same answers where Envoy sends raw headers (``encode_raw_headers``)."""

from collections.abc import Iterator, Mapping

import httpx
import pytest

from sidecar.demo.client import send
from sidecar.demo.stack import Stack
from sidecar.demo.tour import tour
from support.stacks import running_stack


@pytest.fixture(scope="module")
def raw(mode: Mapping[str, str]) -> Iterator[Stack]:
    """Run a stack whose Envoy sends raw headers."""
    with running_stack(environment=mode, encode_raw_headers=True) as stack:
        yield stack


def test_tour_is_the_same(raw: Stack) -> None:
    """Every stop of the tour has its expected answer."""
    unexpected = [stop.name for stop in tour(raw.workspace) if not stop.is_as_expected(send(raw.envoy.port, stop.call))]
    assert unexpected == []


def test_bytes_that_are_no_utf8_are_no_credential(raw: Stack) -> None:
    """An Authorization header with bytes that are not UTF-8 is malformed, and nothing worse."""
    with httpx.Client(timeout=60) as client:
        answer = client.get(f"http://127.0.0.1:{raw.envoy.port}/orders/1", headers={b"authorization": b"Bearer \xff"})
    assert (answer.status_code, answer.json()["reason"]) == (400, "malformed_credential")
