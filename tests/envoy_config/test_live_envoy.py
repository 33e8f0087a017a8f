"""The generated configuration, run by Envoy itself: which requests it refuses while the sidecar is dead.

The sidecar's socket does not exist here, which is the worst case: nothing but Envoy's own configuration protects the
application, on routes without a check and under ``failure_mode_allow``.
"""

import http.client

import pytest

from envoy_config.live import CLOSED, LOOSE, OPEN, Ports, exchange, exchange_http2

_MISSPELT = [
    *("//healthz", "/healthz//", "/./healthz", "/a/../healthz", "/a/..", "/%2e%2e/x", "/%2E%2E/x", "/a%2Fb", "/a%5Cb"),
    *("/a\\b", "/a;b", "/%41", "/a%00", "/a%7F", "/a%c3%a9", "/a%C0%AF", "/a%80", "/a%252F", "/a%25aA", "/a%", '/a"b'),
    *("/..%3Bx", "/.%20", "/..%23/x", "/a/..%3F"),
]
_NORMAL = ["/", "/a", "/a/", "/a/.b", "/...", "/a%20b", "/a%C3%A9", "/a%25g", "/:@!$&'()*+,=-._~", "/a?//../;\\%2F"]

_AUTHORITIES = [
    *("app", "APP.example", "app.example.", "a_b.example", "app:1", "app:65535", "127.0.0.1", "127.0.0.1:80"),
    *("[::1]", "[::1]:8", "[::ffff:192.0.2.1]"),
]
_STRANGE_AUTHORITIES = [
    *("", "user@app", "user:pw@app", "app,other", "%61pp", "app%2eexample", ".app", "app..example", "app..", "."),
    *("app:", "app:0", "app:080", "app:123456", "app:80:80", "app:http", ":80", "[]", "[::1", "::1", "[::1]x"),
    *("[fe80::1%25eth0]", "app;x", "*", "app!", "http://app", "app/x", "app\\x", "app?x", "app#x", "app x"),
]
#: What Envoy's own HTTP/1 parser refuses, and its HTTP/2 codec lets pass.
_STRANGE_METHODS = [b"delete", b"Delete", b"get", b"G.T", b"G%45T", b"_X", b"-X", b"1X", b"G~", b"brew"]

#: Where nobody but Envoy looks: not checked, and checked by nobody.
_UNSEEN = [(OPEN, "/healthz"), (OPEN, "/a"), (LOOSE, "/healthz"), (LOOSE, "/a")]


@pytest.mark.parametrize("target", _MISSPELT)
def test_misspelt_path_is_refused_even_when_failing_open(target: str, ports: Ports) -> None:
    """A path that is not in normal form gets 400 although requests are let in unchecked."""
    assert exchange(ports[OPEN], target)[0] == http.client.BAD_REQUEST


@pytest.mark.parametrize("target", [b"/a\xff", b"/a\xc3\xa9", b"/a?\xff"])
def test_raw_bytes_over_http2_are_refused(target: bytes, ports: Ports) -> None:
    """A raw byte above ASCII, for which the sidecar would be shown another path, gets 400."""
    assert exchange_http2(ports[OPEN], path=target)[0] == "400"


@pytest.mark.parametrize("target", _NORMAL)
def test_normal_path_passes_when_failing_open(target: str, ports: Ports) -> None:
    """A path in normal form gets through, and the application is told that nobody checked."""
    status, seen = exchange(ports[OPEN], target)
    assert (status, seen["x-envoy-auth-failure-mode-allowed"]) == (http.client.OK, "true")


@pytest.mark.parametrize("target", _NORMAL)
def test_dead_sidecar_refuses_when_failing_closed(target: str, ports: Ports) -> None:
    """Without a sidecar nothing gets through: 503."""
    assert exchange(ports[CLOSED], target)[0] == http.client.SERVICE_UNAVAILABLE


def test_unprotected_path_needs_no_sidecar(ports: Ports) -> None:
    """An unprotected path is answered by the application while the sidecar is dead, and is not marked unchecked."""
    status, seen = exchange(ports[CLOSED], "/healthz?verbose")
    assert status == http.client.OK
    assert "x-envoy-auth-failure-mode-allowed" not in seen


@pytest.mark.parametrize("host", _STRANGE_AUTHORITIES)
@pytest.mark.parametrize(("way", "target"), _UNSEEN)
def test_strange_authority_is_refused(host: str, way: str, target: str, ports: Ports) -> None:
    """An authority with several readings gets 400 in every path mode, with and without a check."""
    assert exchange(ports[way], target, host=host)[0] == http.client.BAD_REQUEST


@pytest.mark.parametrize("host", _STRANGE_AUTHORITIES)
def test_strange_authority_over_http2_is_refused(host: str, ports: Ports) -> None:
    """The same over HTTP/2, where Envoy's codec refuses some by itself, with the whole connection."""
    assert exchange_http2(ports[LOOSE], authority=host.encode())[0] in {"400", "refused"}


def test_two_hosts_are_refused(ports: Ports) -> None:
    """Two Host headers, which Envoy joins by a comma, get 400."""
    assert exchange(ports[LOOSE], "/healthz", "host: other")[0] == http.client.BAD_REQUEST


@pytest.mark.parametrize("host", _AUTHORITIES)
def test_normal_authority_passes(host: str, ports: Ports) -> None:
    """A host or an address, with or without port, reaches the application as it was sent."""
    assert exchange(ports[CLOSED], "/healthz", host=host)[1]["host"] == host
    assert exchange_http2(ports[CLOSED], authority=host.encode())[1]["host"] == host


@pytest.mark.parametrize("method", _STRANGE_METHODS)
@pytest.mark.parametrize(("way", "target"), _UNSEEN)
def test_method_not_in_capitals_is_refused(method: bytes, way: str, target: str, ports: Ports) -> None:
    """``delete``, which is ``DELETE`` to many frameworks, gets 400 in every path mode, with and without a check."""
    assert exchange_http2(ports[way], method=method, path=target.encode())[0] == "400"


@pytest.mark.parametrize("method", [b"GET", b"DELETE", b"PROPFIND", b"X_Y"])
def test_method_in_capitals_passes(method: bytes, ports: Ports) -> None:
    """A method in capitals passes, registered or not."""
    assert exchange_http2(ports[CLOSED], method=method)[0] == "200"


def test_strange_request_meets_the_dead_sidecar_first(ports: Ports) -> None:
    """The filter is enabled on refusals, so that the sidecar gives its reason: failing closed without one is 503."""
    assert exchange(ports[CLOSED], "/healthz", host="app:")[0] == http.client.SERVICE_UNAVAILABLE
    assert exchange_http2(ports[CLOSED], method=b"delete")[0] == "503"
