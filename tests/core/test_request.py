"""Reading a CheckRequest: both ways Envoy sends headers mean the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.reason import Reason, Refusal
from sidecar.core.sent import read_sent
from sidecar.protos.ext_authz import CheckRequest
from support.requests import check_request, request

_NAMES = st.sampled_from(["a", "x-b", "authorization", "cookie", "x-request-id"])
_VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


def test_fields() -> None:
    """Each field comes from its place in the message."""
    read = request(method="PUT", path="/a?b=c", host="API.example:8443", headers={"x-a": "1"}, port=8443)
    assert (read.endpoint.method, read.endpoint.paths, read.query, read.endpoint.port) == (
        "PUT",
        ("/a",),
        "b=c",
        "8443",
    )
    assert dict(read.headers) == {"x-a": "1"}
    assert read.endpoint.hosts == ("api.example", "api.example:8443")


@pytest.mark.parametrize("raw", [b"", CheckRequest().SerializeToString(), check_request(method="")])
def test_no_http_request(raw: bytes) -> None:
    """Without an HTTP request in it the message is unreadable."""
    with pytest.raises(Refusal) as refused:
        read_sent(raw)
    assert refused.value.reason is Reason.UNREADABLE_REQUEST


@pytest.mark.parametrize(
    "raw", [b"\xff", b"\x0a\xff", b"\x0a\x05abc", check_request()[:-1], check_request() + b"\x0a", b"\x0b" * 200]
)
def test_garbage(raw: bytes) -> None:
    """Bytes that are no message are unreadable."""
    with pytest.raises(Refusal) as refused:
        read_sent(raw)
    assert refused.value.reason is Reason.UNREADABLE_REQUEST


@given(st.binary(max_size=120))
def test_any_bytes(raw: bytes) -> None:
    """Any bytes are a request or a refusal."""
    try:
        assert read_sent(raw).method
    except Refusal as refusal:
        assert refusal.reason is Reason.UNREADABLE_REQUEST  # noqa: PT017 - either will do


@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=6))
def test_both_places_mean_the_same(pairs: list[tuple[str, str]]) -> None:
    """Headers one by one are read as if Envoy had joined them."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    one_by_one = request(header_map=[(name, value.encode()) for name, value in pairs])
    assert dict(one_by_one.headers) == dict(request(headers=joined).headers)


def test_raw_headers_win() -> None:
    """Where Envoy sends ``header_map``, nothing of ``headers`` counts."""
    read = request(headers={"authorization": "Bearer a"}, header_map=[("x-b", b"1")])
    assert dict(read.headers) == {"x-b": "1"}
    assert dict(request(headers={"a": "b"}, header_map=[]).headers) == {}


def test_an_empty_duplicate_still_counts() -> None:
    """A header sent empty and then again is two headers."""
    assert request(header_map=[("authorization", b""), ("authorization", b"Bearer a")]).headers == {
        "authorization": ",Bearer a"
    }


def test_value_of_a_raw_header() -> None:
    """A header_map entry may have its text in ``value`` instead of ``raw_value``."""
    message = CheckRequest.FromString(check_request(header_map=[]))
    message.attributes.request.http.header_map.headers.add(key="x-a", value="1")
    assert read_sent(message.SerializeToString()).headers == {"x-a": "1"}


def test_bytes_that_are_not_utf_8() -> None:
    """Bytes that are not UTF-8 are kept, each as a surrogate escape, so that two values never become one."""
    read = request(header_map=[("a", b"x\xff"), ("b", b"x\xfe"), ("c", "é".encode())])
    assert read.headers == {"a": "x\udcff", "b": "x\udcfe", "c": "é"}


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ("c0ffee-1.2:3_4", "c0ffee-1.2:3_4"),
        ("a" * 128, "a" * 128),
        ("a" * 129, ""),
        ("a b", ""),
        ("a\n", ""),
        ('a"', ""),
        ("a,b", ""),
        ("é", ""),
        ("", ""),
    ],
)
def test_request_id(sent: str, taken: str) -> None:
    """Only a short and harmless request id is taken over into the denial."""
    assert read_sent(check_request(headers={"x-request-id": sent})).request_id == taken


def test_no_port() -> None:
    """Without a destination port there is no port to match."""
    assert request(port=0).endpoint.port == ""


_PREFLIGHT = {"origin": "https://x.example", "access-control-request-method": "PUT"}


@pytest.mark.parametrize(
    ("method", "changes", "preflight"),
    [
        ("OPTIONS", {}, True),
        ("OPTIONS", {"origin": "null"}, True),
        ("OPTIONS", {"origin": ""}, False),
        ("OPTIONS", {"origin": "x"}, False),
        ("OPTIONS", {"access-control-request-method": ""}, False),
        ("OPTIONS", {"access-control-request-method": "PUT,GET"}, False),
        ("GET", {}, False),
    ],
)
def test_preflight(method: str, changes: dict[str, str], preflight: bool) -> None:  # noqa: FBT001 - a table
    """A CORS preflight is OPTIONS with both of its headers, and something sensible in them."""
    assert request(method=method, headers=_PREFLIGHT | changes).is_cors_preflight is preflight


@pytest.mark.parametrize("method", ["get", "Get", "GET ", "G:T", "G\tT", "1GET", "é", "GET\n"])
def test_method_that_is_not_normal(method: str) -> None:
    """A method that is not in capitals is refused: an upstream may turn it into one that policy denies."""
    with pytest.raises(Refusal) as refused:
        request(method=method)
    assert refused.value.reason is Reason.METHOD_NOT_NORMAL


def test_raw_path() -> None:
    """Where Envoy sends ``header_map``, the path is the one in there: in ``path`` it has other bytes."""
    raw = check_request(path="/a!", header_map=[(":path", b"/a\xff")])
    assert read_sent(raw).path == "/a\udcff"


@pytest.mark.parametrize(("length", "reason"), [(8192, None), (8193, Reason.PATH_TOO_LONG)])
def test_length_of_a_path(length: int, reason: Reason | None) -> None:
    """A path of exactly the largest length passes, a longer one is refused; the query does not count."""
    path = "/" + "a" * (length - 1)
    try:
        found = request(path=f"{path}?{'q' * 100}").endpoint.paths[0]
    except Refusal as refusal:
        found = refusal.reason.value
    assert found == (path if reason is None else reason.value)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/a", "/a", ""),
        ("/a?", "/a", ""),
        ("/a?b?c", "/a", "b?c"),
        ("?a", "", "a"),
        ("/a%3Fb", "/a%3Fb", ""),
        ("", "", ""),
    ],
)
def test_split(target: str, path: str, query: str) -> None:
    """A target ends its path at the first question mark."""
    sent = read_sent(check_request(path=target))
    assert (sent.path, sent.query) == (path, query)
