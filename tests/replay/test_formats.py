"""Lines of logs."""

import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.replay.envoy_text import read_text
from sidecar.replay.formats import LONGEST, UnreadableError, lines_of, read_line
from sidecar.replay.record import Record, Token

_DEFAULT = (
    '[2026-01-01T12:00:00.000Z] "GET /orders/1?x=1 HTTP/1.1" 200 - 0 42 3 2 '
    '"10.0.0.1,10.0.0.2" "curl/8 "quoted"" "11-22" "api.example.com" "127.0.0.1:8081"'
)
_ISTIO = (
    '[2026-01-01T12:00:00.000Z] "GET /orders/1?x=1 HTTP/2" 200 - via_upstream - "-" 0 42 3 2 '
    '"-" "curl/8" "11-22" "api.example.com" "127.0.0.1:8081" inbound|8081|| 127.0.0.6:1 10.1.0.1:8443 '
    "[2001:db8::1]:5 a.example r"
)


def _read(members: dict[str, Any]) -> Record:
    return read_line(json.dumps({"method": "GET", "host": "a", "path": "/", **members}).encode())


def test_envoy_s_default_format() -> None:
    """Envoy's default text has method, path, host, three headers and the time; of the token it says nothing."""
    assert read_line(_DEFAULT.encode() + b"\n") == Record(
        "GET",
        "api.example.com",
        "/orders/1?x=1",
        headers={"x-forwarded-for": "10.0.0.1,10.0.0.2", "user-agent": 'curl/8 "quoted"', "x-request-id": "11-22"},
        time=1767268800.0,
    )


def test_istio_s_default_format() -> None:
    """Istio's has addresses and the name in TLS as well; '-' stands for what is not there."""
    assert read_line(_ISTIO.encode()) == Record(
        "GET",
        "api.example.com",
        "/orders/1?x=1",
        headers={"x-forwarded-for": None, "user-agent": "curl/8", "x-request-id": "11-22"},
        address="2001:db8::1",
        destination="10.1.0.1",
        port=8443,
        server_name="a.example",
        time=1767268800.0,
    )


def test_envoy_s_json() -> None:
    """JSON with Envoy's usual names."""
    line = {
        "start_time": "2026-01-01T12:00:00Z",
        "method": "POST",
        "authority": "api.example.com",
        "path": "/orders",
        "downstream_remote_address": "192.0.2.7:40000",
        "downstream_local_address": "10.1.0.1:8443",
        "x_forwarded_for": None,
        "request_id": "11-22",
        "response_code": 200,
    }
    assert read_line(json.dumps(line).encode()) == Record(
        "POST",
        "api.example.com",
        "/orders",
        headers={"x-forwarded-for": None, "x-request-id": "11-22"},
        address="192.0.2.7",
        destination="10.1.0.1",
        port=8443,
        time=1767268800.0,
    )


@pytest.mark.parametrize(
    ("members", "token", "claims", "has_all"),
    [
        ({}, Token.UNKNOWN, {}, False),
        ({"subject": None}, Token.NONE, {}, False),
        ({"subject": "alice"}, Token.GOOD, {"sub": "alice"}, False),
        ({"subject": "alice", "issuer": "i"}, Token.GOOD, {"iss": "i", "sub": "alice"}, False),
        ({"subject": None, "issuer": "i"}, Token.GOOD, {"iss": "i"}, False),
        ({"claims": {"sub": "alice", "a": [1]}}, Token.GOOD, {"sub": "alice", "a": [1]}, True),
    ],
)
def test_what_is_known_of_the_token(
    members: dict[str, Any],
    token: Token,
    claims: dict[str, Any],
    has_all: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Nothing, that there was none, some claims or all of them."""
    found = _read(members)
    assert (found.token, found.claims, found.has_all_claims) == (token, claims, has_all)


def test_headers() -> None:
    """Names in any case, copies as a list; null is known not to be there."""
    found = _read({"headers": {"X-Team": ["a", "b"], "x-none": None, "user-agent": "b"}, "user_agent": "a"})
    assert found.headers == {"x-team": "a,b", "x-none": None, "user-agent": "b"}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"GET / HTTP/1.1", "neither"),
        (b'{"method": "GET"', "not a JSON object"),
        (b'{"method": "GET", "path": "/"}', "no host"),
        (b'{"method": "GET", "host": "a", "path": "-"}', "no path"),
        (b'{"method": "GET", "host": "a", "path": "/", "time": "yesterday"}', "ISO 8601"),
        (b'{"method": "GET", "host": "a", "path": "/", "headers": {"a": 1}}', "headers: a"),
        (b'{"method": "GET", "host": "a", "path": "/", "method": "POST"}', "not a JSON object"),
        (b'{"method": "GET", "host": "a", "path": "/", "port": 65536}', "port: there is none"),
        (b'{"method": "GET", "host": "a", "path": "/", "port": -1}', "port: there is none"),
        (
            b'{"method": "GET", "host": "a", "path": "/", "downstream_local_address": "10.0.0.1:70000"}',
            "port: there is",
        ),
        (b'{"a": "' + b"a" * 1024 * 1024 + b'"}', "longer than"),
        (b'[now] "GET  HTTP/1.1" 400', "neither"),
    ],
)
def test_unreadable(line: bytes, why: str) -> None:
    """What has no request in it says why."""
    with pytest.raises(UnreadableError, match=why):
        read_line(line)


def test_address_of_no_port() -> None:
    """Thousands of digits are no port, and end nothing."""
    assert _read({"downstream_local_address": "10.0.0.1:" + "9" * 5000}).port is None


@pytest.mark.parametrize("agent", ['" ' * 500_000, '" "' * 300_000, '"' * 900_000])
def test_user_agent_of_quotes(agent: str) -> None:
    """A client that sends a megabyte of quotes has its line read like any other, and not looked through for hours."""
    line = f'[2026-01-01T00:00:00Z] "GET / HTTP/1.1" 200 - 0 0 1 1 "-" "{agent}" "id" "a.example" "-"'
    assert read_line(line.encode()).host == "a.example"
    with pytest.raises(UnreadableError, match="neither"):
        read_line(line.removesuffix('"').encode())


_QUOTED = re.compile(
    r'"(?P<forwarded>[^"]*)" "(?P<agent>.*)" "(?P<id>[^"]*)" "(?P<host>[^"]*)" "[^"]*"(?P<rest>[^"]*)$'
)


@given(st.lists(st.sampled_from(['"', '" "', "a", " ", "-"]), max_size=40).map("".join))
def test_quotes(text: str) -> None:
    """What is quoted is what the pattern finds that says it in one line, and takes long."""
    line = f'[2026-01-01T00:00:00Z] "GET / HTTP/1.1" {text}'
    found, wanted = read_text(line), _QUOTED.search(text)
    assert (found is None) is (wanted is None)
    if found is not None and wanted is not None:
        names = {"forwarded": "x-forwarded-for", "agent": "user-agent", "id": "x-request-id", "host": "host"}
        assert {name: found[key] for name, key in names.items()} == {name: wanted[name] for name in names}


def test_line_without_end() -> None:
    """A line that is too long is given cut, and the next is the next."""
    given = list(lines_of(io.BytesIO(b"a\n" + b"b" * 3 * LONGEST + b"\nc")))
    assert [(len(line), line[:1]) for line in given] == [(2, b"a"), (LONGEST + 1, b"b"), (1, b"c")]
