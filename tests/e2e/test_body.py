"""Conditions on a request's body, through the real Envoy, which is told to send it."""

import http.client
import json
from collections.abc import Iterable, Iterator

import pytest

from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from support.stacks import MODES, running_stack

_BODY = "request:\n  body: {max_bytes: 1000}\n"
_CONFIGURATION = _BODY + CONFIGURATION.replace(
    '    scopes: ["orders:write"]\n    rules:\n      - to:',
    "    rules:\n      - when: [{cel: \"request.body.amount <= 100 && request.body.to.kind == 'a'\"}]\n        to:",
)
_PARTIAL = _CONFIGURATION.replace("1000}", "1000, allow_partial_message: true}")
_SMALL = b'{"amount": 50, "to": {"kind": "a"}}'
_LARGE = b'{"amount": 50, "to": {"kind": "a"}, "note": "' + b"n" * 1000 + b'"}'


@pytest.fixture(scope="module", params=["several", "grpcio", "raw headers"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Run a stack whose policy looks at bodies of up to 1000 bytes."""
    raw = request.param == "raw headers"
    with running_stack(_CONFIGURATION, MODES.get(request.param, {}), encode_raw_headers=raw) as one:
        yield one


@pytest.fixture(scope="module", params=[False, True], ids=["headers", "raw headers"])
def partial_stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Run one whose Envoy lets larger bodies pass, and sends the beginning."""
    with running_stack(_PARTIAL, encode_raw_headers=request.param) as one:
        yield one


def post(
    stack: Stack, body: bytes | Iterable[bytes] | None, path: str = "/orders/1", **headers: str
) -> tuple[int, str]:
    """Post a body; return status and the sidecar's reason. What is no bytes is sent in chunks."""
    sent = {"authorization": f"Bearer {stack.workspace.token()}", "content-type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", stack.envoy.port, timeout=30)
    try:
        chunked = body is not None and not isinstance(body, bytes)
        sent |= {"transfer-encoding": "chunked"} if chunked else {}
        connection.request("POST", path, body, sent, encode_chunked=chunked)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    try:
        return answer.status, str(json.loads(text).get("reason", ""))
    except ValueError:
        return answer.status, ""


def test_what_the_body_says_decides(stack: Stack) -> None:
    """A body that a policy allows passes, one that it does not is denied."""
    assert post(stack, _SMALL) == (200, "")
    assert post(stack, b'{"amount": 500, "to": {"kind": "a"}}') == (403, "no_policy_allows")
    assert post(stack, b'{"amount": "50", "to": {"kind": "a"}}') == (403, "no_policy_allows")
    assert post(stack, b'{"amount": 50, "to": {"kind": "\xc3\xa9!"}}') == (403, "no_policy_allows")


def test_in_chunks(stack: Stack) -> None:
    """A body without a length is looked at as a whole."""
    assert post(stack, iter([_SMALL[:7], _SMALL[7:20], _SMALL[20:]])) == (200, "")
    assert post(stack, iter([b'{"amount": 5', b'00, "to": {"kind": "a"}}'])) == (403, "no_policy_allows")


def test_no_body(stack: Stack) -> None:
    """Without one, or with an empty one, a condition on it cannot be told."""
    assert post(stack, None) == (403, "no_policy_allows")
    assert post(stack, b"") == (403, "no_policy_allows")
    assert post(stack, iter([])) == (403, "no_policy_allows")


def test_no_json(stack: Stack) -> None:
    """What is no JSON by its type or its bytes keeps out."""
    for body, headers in (
        (_SMALL, {"content_type": "text/plain"}),
        (_SMALL, {"content_encoding": "gzip"}),
        (_SMALL + b"x", {}),
        (b'{"amount": 50, "to": {"kind": "a"}, "x": "\xff"}', {}),
    ):
        assert post(stack, body, **headers) == (403, "no_policy_allows")


def test_duplicates(stack: Stack) -> None:
    """A member that is given twice is refused, wherever it is."""
    assert post(stack, b'{"amount": 50, "to": {"kind": "a", "kind": "b"}}') == (400, "body_ambiguous")
    assert post(stack, b'{"amount": 50, "\\u0061mount": 500, "to": {"kind": "a"}}') == (400, "body_ambiguous")


def test_too_large(stack: Stack) -> None:
    """Envoy answers a larger one by itself, whether it says its length or not."""
    assert post(stack, _LARGE) == (413, "")
    assert post(stack, iter([_LARGE[:500], _LARGE[500:]])) == (413, "")


def test_what_the_client_says_of_it(stack: Stack) -> None:
    """Envoy's header about its part of a body, sent by a client, lets nobody in, and keeps at most himself out."""
    assert post(stack, None, x_envoy_auth_partial_body="false") == (403, "no_policy_allows")
    assert post(stack, b'{"amount": 500}', x_envoy_auth_partial_body="false") == (403, "no_policy_allows")
    assert post(stack, _SMALL, x_envoy_auth_partial_body="false") == (200, "")
    assert post(stack, _SMALL, x_envoy_auth_partial_body="true") in {(200, ""), (400, "body_ambiguous")}


def test_elsewhere(stack: Stack) -> None:
    """Policies that do not look at bodies do not mind them."""
    token = stack.workspace.token()
    connection = http.client.HTTPConnection("127.0.0.1", stack.envoy.port, timeout=30)
    connection.request("GET", "/orders/1", b"no JSON", {"authorization": f"Bearer {token}"})
    assert connection.getresponse().status == 200
    connection.close()


def test_part_of_a_body(partial_stack: Stack) -> None:
    """Where larger ones pass, one that a policy looks at is refused, whatever its client says, and others are not."""
    assert post(partial_stack, _SMALL) == (200, "")
    assert post(partial_stack, _LARGE) == (400, "body_ambiguous")
    assert post(partial_stack, iter([_LARGE[:500], _LARGE[500:]])) == (400, "body_ambiguous")
    assert post(partial_stack, _LARGE, x_envoy_auth_partial_body="false") == (400, "body_ambiguous")
    assert post(partial_stack, _LARGE, "/other") == (403, "no_policy_allows")


def test_envoy_is_not_told_to_send_it() -> None:
    """An Envoy whose configuration was made before has what looks at bodies denied, and all else decided on."""
    with running_stack(_CONFIGURATION, max_body_bytes=0) as stack:
        assert post(stack, _SMALL) == (503, "envoy_config_stale")
        assert post(stack, _SMALL, "/other") == (403, "no_policy_allows")
