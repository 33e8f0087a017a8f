"""What proxies say of a request is read as it is meant, or denied: never guessed."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.sent import read_sent
from sidecar.protos.ext_authz import CheckRequest
from sidecar.transport.forward_auth.asked import Call, ForgedError, UnaskableError, asked
from sidecar.transport.forward_auth.profile import PRESETS, Proxy
from support.forward_auth import PROXIES, proxied

_VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f")
_NAMES = st.from_regex(r"[a-z][a-z0-9._-]{0,20}", fullmatch=True).filter(
    lambda name: (
        not re.match(r"x-(original|forwarded|real)", name)
        and name not in {"host", "connection", "te", "expect", "upgrade", "trailer", "keep-alive"}
    )
)
_HEADERS = st.lists(st.tuples(_NAMES, st.text(_VISIBLE, max_size=20)), max_size=5)


@pytest.mark.parametrize("proxy", PROXIES)
@settings(max_examples=40)
@given(
    method=st.from_regex(r"[A-Z]{1,8}", fullmatch=True),
    rest=st.text(_VISIBLE.filter(lambda one: one != "#"), max_size=30),
    headers=_HEADERS,
)
def test_the_core_reads_what_the_client_sent(
    proxy: Proxy, method: str, rest: str, headers: list[tuple[str, str]]
) -> None:
    """Method, target, host, scheme and each header's bytes arrive as they were, with copies joined by commas."""
    target = "/" + rest
    sent = read_sent(asked(proxied(proxy, method=method, target=target, headers=headers), PRESETS[proxy]))
    path, _, query = target.encode("latin-1").partition(b"?")
    assert (sent.method, sent.authority, sent.scheme) == (method, "api.example", "https")
    assert sent.path.encode("utf-8", "surrogateescape") == path
    assert sent.query.encode("utf-8", "surrogateescape") == query
    wanted: dict[str, list[bytes]] = {}
    for name, value in headers:
        wanted.setdefault(name, []).append(value.encode("latin-1"))
    for name, values in wanted.items():
        assert sent.headers[name].encode("utf-8", "surrogateescape") == b",".join(values)
    assert sent.source == ("" if proxy == "envoy" else "192.0.2.7")
    others = set(sent.headers) - wanted.keys()
    assert others <= {":method", ":path", ":authority", "x-forwarded-proto", "x-forwarded-for"}


@pytest.mark.parametrize("proxy", PROXIES)
def test_no_two_questions_are_alike(proxy: Proxy) -> None:
    """The same bytes would pass for a retry of Envoy's, and a proof of possession with them more than once."""
    first, second = (asked(proxied(proxy), PRESETS[proxy]) for _ in range(2))
    assert first != second


_SAID: list[tuple[Proxy, str]] = [(proxy, name) for proxy in PROXIES for name in PRESETS[proxy].names]


@pytest.mark.parametrize(("proxy", "name"), [*_SAID, ("envoy", "host")])
@pytest.mark.parametrize("change", ["missing", "empty", "twice", "twice the same"])
def test_said_once_or_denied(proxy: Proxy, name: str, change: str) -> None:
    """Each header of a preset has to be there, not empty, and once."""
    call = proxied(proxy)
    others = [one for one in call.headers if one[0] != name]
    value = dict(call.headers)[name]
    more = {"missing": [], "empty": [b""], "twice": [value, b"other"], "twice the same": [value, value]}[change]
    with pytest.raises(UnaskableError) as refused:
        asked(call._replace(headers=[*others, *((name, one) for one in more)]), PRESETS[proxy])
    # The proxy says it once: the second one is the client's.
    assert isinstance(refused.value, ForgedError) == change.startswith("twice")


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-original-method", b"DELETE"),
        ("x-forwarded-method", b"DELETE"),
        ("x-original-uri", b"/public"),
        ("x-forwarded-uri", b"/public"),
        ("transfer-encoding", b"chunked"),
        ("content-length", b"1"),
    ],
)
def test_contradictions_and_bodies_are_denied(proxy: Proxy, name: str, value: bytes) -> None:
    """What says otherwise under any name that some preset has, and a body, is no question."""
    call = proxied(proxy)
    with pytest.raises(UnaskableError) as refused:
        asked(call._replace(headers=[*call.headers, (name, value)]), PRESETS[proxy])
    assert isinstance(refused.value, ForgedError) == name.startswith("x-")


@pytest.mark.parametrize("proxy", ["nginx", "traefik"])
@pytest.mark.parametrize(
    "peer", ["", "unix:", "192.0.2.1, 192.0.2.7", "192.0.2.07", "fe80::1%eth0", "192.0.2.1:80", "a"]
)
def test_addresses_are_one(proxy: Proxy, peer: str) -> None:
    """An address that is a list, a name, or has a port is denied: nobody chooses one for it."""
    with pytest.raises(UnaskableError):
        asked(proxied(proxy, peer=peer), PRESETS[proxy])


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("target", [b"/", b"/checks", b"/check?", b"check", b"//check", b"/other/check/orders", b"*"])
def test_asked_elsewhere(proxy: Proxy, target: bytes) -> None:
    """At any other path than ours nothing is answered."""
    with pytest.raises(UnaskableError):
        asked(proxied(proxy)._replace(target=target), PRESETS[proxy])


def test_scheme_is_one_of_two() -> None:
    """Anything else was not set by a proxy."""
    for scheme in (b"HTTPS", b"ftp", b"https,http", b"http "):
        call = proxied("nginx")
        headers = [(name, scheme if name == "x-forwarded-proto" else value) for name, value in call.headers]
        with pytest.raises(UnaskableError):
            asked(call._replace(headers=headers), PRESETS["nginx"])


def test_the_client_s_word_on_its_address_is_not_taken() -> None:
    """What nginx says is the address; a list that the client sent is not what policies see."""
    raw = asked(proxied("nginx", headers=[("x-forwarded-for", "10.0.0.1")]), PRESETS["nginx"])
    assert read_sent(raw).headers["x-forwarded-for"] == "192.0.2.7"


@settings(max_examples=50)
@given(st.lists(st.tuples(_NAMES | st.sampled_from([*PRESETS["nginx"].names, "host"]), st.binary(max_size=30))))
def test_any_headers_are_a_question_or_denied(headers: list[tuple[str, bytes]]) -> None:
    """Nothing that is sent ends in another error."""
    for proxy in PROXIES:
        for target in (b"/check", b"/check/x"):
            try:
                CheckRequest.FromString(asked(Call("GET", target, headers), PRESETS[proxy]))
            except UnaskableError:
                continue
