"""Tokens in a cookie, a header of their own and the query, through the real Envoy."""

import json
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import pytest

from sidecar.demo.client import Answer, Call, send
from sidecar.demo.stack import Stack
from sidecar.demo.workspace import CONFIGURATION
from support.stacks import running_stack

_KEYS = "    keys:\n      file: jwks.json\n"
_SOURCES = """\
    credentials:
      - cookie: {name: session}
      - header: {name: x-token}
      - query: {name: access_token}
"""


@pytest.fixture(scope="module")
def stack(mode: Mapping[str, str]) -> Iterator[Stack]:
    """Run a stack whose upstream gets no credentials."""
    text = CONFIGURATION.replace(_KEYS, _KEYS + _SOURCES).replace(
        "  realm: demo", "  realm: demo\n  forward_token: false"
    )
    with running_stack(text, mode) as one:
        yield one


def _ask(stack: Stack, path: str = "/orders/1", *headers: tuple[str, str]) -> Answer:
    return send(stack.envoy.port, Call("GET", path, headers))


def _seen(answer: Answer, name: str) -> list[str]:
    assert answer.upstream_headers is not None, answer
    return [value for key, value in answer.upstream_headers if key == name]


def test_cookie(stack: Stack) -> None:
    """A token in the cookie is taken, time and again, and the upstream gets the other cookies alone."""
    token = stack.workspace.token()
    for _ in range(6):
        answer = _ask(stack, "/orders/1", ("cookie", f"theme=dark; session={token}; lang=de"))
        assert _seen(answer, "x-auth-subject") == ["alice"]
        assert _seen(answer, "cookie") == ["theme=dark; lang=de"]
    alone = _ask(stack, "/orders/1", ("cookie", f"session={token}"))
    assert _seen(alone, "cookie") == []


def test_two_cookie_headers(stack: Stack) -> None:
    """Two Cookie headers with one of it each reach nobody, nor do two that Envoy joins."""
    token = stack.workspace.token()
    one, other = ("cookie", f"session={token}"), ("cookie", "session=x")
    assert _ask(stack, "/orders/1", one, other).reason == "several_credentials"
    assert _ask(stack, "/orders/1", ("cookie", "a=b"), one).upstream_headers is None


def test_header_of_its_own(stack: Stack) -> None:
    """A token in a header of its own is taken, and the upstream does not get it; a look-alike is refused."""
    token = stack.workspace.token()
    answer = _ask(stack, "/orders/1", ("X-Token", token))
    assert _seen(answer, "x-auth-subject") == ["alice"]
    assert _seen(answer, "x-token") == []
    assert _ask(stack, "/orders/1", ("X-Token", token), ("x.token", "b")).reason == "several_credentials"
    assert _ask(stack, "/orders/1", ("X-Token", token), ("X-Token", token)).reason == "several_credentials"


def test_query(stack: Stack) -> None:
    """A token in the query is taken, and the upstream sees the rest of the query alone."""
    token = stack.workspace.token()
    for _ in range(3):
        answer = _ask(stack, f"/orders/1?b=2&access_token={token}&a=1")
        assert answer.status == 200
        assert _seen(answer, "x-auth-subject") == ["alice"]
        assert token.encode() not in answer.body
        assert sorted(urlsplit(_path(answer)).query.split("&")) == ["a=1", "b=2"]
    assert _path(_ask(stack, f"/orders/1?access_token={token}")) in {"/orders/1", "/orders/1?"}
    assert _path(_ask(stack, "/orders/1?b=2&a=1", ("x-token", token))) == "/orders/1?b=2&a=1"


def test_one_at_a_time(stack: Stack) -> None:
    """The same token in two places is refused, and Authorization alone is no place of these tokens."""
    token = stack.workspace.token()
    cookie, bearer = ("cookie", f"session={token}"), ("authorization", f"Bearer {token}")
    assert _ask(stack, "/orders/1", cookie, bearer).reason == "several_credentials"
    assert _ask(stack, f"/orders/1?access_token={token}", cookie).reason == "several_credentials"
    assert _ask(stack, "/orders/1", bearer).reason == "no_credential"


def _path(answer: Answer) -> str:
    path = json.loads(answer.body)["path"]
    assert isinstance(path, str)
    return path
