"""Requests of unusual size, number and protocol."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from sidecar.demo.client import Call, send
from sidecar.demo.stack import Stack


def _bearer(stack: Stack) -> tuple[str, str]:
    return "authorization", f"Bearer {stack.workspace.token()}"


def test_large_headers_reach_the_sidecar(stack: Stack) -> None:
    """A request with 50 KiB of headers is decided like any other."""
    padding = tuple((f"x-padding-{index}", "p" * 1024) for index in range(50))
    answer = send(stack.envoy.port, Call("GET", "/orders/1", (_bearer(stack), *padding)))
    assert answer.status == 200
    assert send(stack.envoy.port, Call("GET", "/orders/1", padding)).reason == "no_credential"


def test_token_over_the_limit_is_refused(stack: Stack) -> None:
    """A token larger than max_token_bytes is refused, however well signed."""
    token = stack.workspace.token(padding="p" * 9000)
    answer = send(stack.envoy.port, Call("GET", "/orders/1", (("authorization", f"Bearer {token}"),)))
    assert (answer.status, answer.reason) == (401, "token_too_large")


def test_200_requests_at_once(stack: Stack) -> None:
    """200 requests at once, good and bad in turn, each get their own answer."""
    good = Call("GET", "/orders/1", (_bearer(stack),))
    bad = Call("GET", "/orders/1")
    with ThreadPoolExecutor(200) as pool:
        statuses = list(pool.map(lambda call: send(stack.envoy.port, call, 60).status, [good, bad] * 100))
    assert statuses == [200, 401] * 100


@pytest.mark.parametrize(("path", "status"), [("/orders/1", 200), ("/admin", 403), ("/orders/%2e%2e/admin", 400)])
def test_http2_downstream(stack: Stack, path: str, status: int) -> None:
    """A client that speaks HTTP/2 gets the same answers."""
    with httpx.Client(http1=False, http2=True, timeout=60) as client:
        answer = client.get(f"http://127.0.0.1:{stack.envoy.port}{path}", headers=dict([_bearer(stack)]))
    assert answer.http_version == "HTTP/2"
    assert answer.status_code == status


def test_query_is_no_part_of_the_path(stack: Stack) -> None:
    """Policy sees the path without its query, and the upstream gets the query untouched."""
    answer = send(stack.envoy.port, Call("GET", "/orders/1?a=/../b&c=%2F", (_bearer(stack),)))
    assert answer.status == 200
    assert b'"/orders/1?a=/../b&c=%2F"' in answer.body


def test_token_in_query_and_header_is_refused(stack: Stack) -> None:
    """Two tokens in one request, one of them in the query, are an invalid request."""
    answer = send(stack.envoy.port, Call("GET", "/orders/1?access_token=x", (_bearer(stack),)))
    assert (answer.status, answer.reason) == (400, "several_credentials")
