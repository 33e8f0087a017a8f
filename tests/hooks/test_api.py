"""What hooks are written with."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from sidecar.hooks import Decision, Identity, Request, UndeclaredError, UnreadableError, add, allow, deny, hook
from sidecar.hooks.decision import Kind
from sidecar.hooks.declaration import ATTRIBUTE, Declaration, declaration_of
from sidecar.hooks.headers import Headers


def test_request_for_tests() -> None:
    """A hook's own tests make requests and identities as they need them."""
    request = Request(method="POST", path="/a", headers={"X-Team": "blue"}, context={"route": "r"})
    assert (request.method, request.path, request.raw_path, request.query) == ("POST", "/a", "/a", "")
    assert (request.headers["x-team"], request.headers.get("X-TEAM"), "x-other" in request.headers) == (
        "blue",
        "blue",
        False,
    )
    identity = Identity(subject="alice", issuer="https://idp.example", claims={"roles": ["a", {"b": 1}]})
    assert identity.principal == "https://idp.example/alice"
    assert identity.claims["roles"] == ("a", {"b": 1})


@pytest.mark.parametrize("view", [Request(), Identity(subject="alice")])
def test_views_do_not_change(view: Any) -> None:  # noqa: ANN401 - either
    """Nothing of them can be set, deleted or added."""
    for name in ("method", "subject", "other", "_values"):
        with pytest.raises(AttributeError):
            setattr(view, name, "x")
        with pytest.raises(AttributeError):
            delattr(view, name)


def test_claims_do_not_change() -> None:
    """Claims cannot be changed at any depth, nor through what they were made of."""
    given: dict[str, Any] = {"a": {"b": [{"c": 1}]}}
    claims: Any = Identity(claims=given).claims
    given["a"]["b"][0]["c"] = 2
    assert claims["a"]["b"][0]["c"] == 1
    changes: list[Callable[[], object]] = [
        lambda: claims.update(x=1),
        lambda: claims["a"].pop("b"),
        lambda: claims["a"]["b"].append(1),
        lambda: claims["a"]["b"][0].__setitem__("c", 3),
    ]
    for change in changes:
        with pytest.raises((AttributeError, TypeError)):
            change()


def test_undeclared_headers_are_an_error() -> None:
    """A header that was not declared is not "not there": neither get() nor in says so."""
    headers = Headers({"x-a": "1"}, declared={"x-a", "x-b"})
    assert (headers.get("x-b"), headers.get("X-A")) == (None, "1")
    looks: list[Callable[[], object]] = [
        lambda: headers["x-c"],
        lambda: headers.get("x-c"),
        lambda: "x-c" in headers,
    ]
    for look in looks:
        with pytest.raises(UndeclaredError, match=r"reads_headers=\['x-c'\]"):
            look()


def test_headers_that_cannot_be_read_are_an_error() -> None:
    """One that was sent, and may be anything, is neither "not there" nor a text; which ones were sent can be told."""
    headers = Request(headers={"X-A": None, "x-b": "1"}).headers
    assert (sorted(headers), len(headers), headers["x-b"]) == (["x-a", "x-b"], 2, "1")
    looks: list[Callable[[], object]] = [
        lambda: headers["x-a"],
        lambda: headers.get("x-a"),
        lambda: "x-a" in headers,
        lambda: dict(headers),
    ]
    for look in looks:
        with pytest.raises(UnreadableError, match="'x-a'"):
            look()


def test_nothing_secret_in_a_repr() -> None:
    """What is printed of them holds neither headers, query nor claims."""
    request = Request(path="/a", query="token=secret", headers={"authorization": "Bearer secret"})
    identity = Identity(subject="secret", claims={"email": "secret"})
    assert "secret" not in f"{request!r} {request.headers!r} {identity!r}"


def test_decisions() -> None:
    """The three of them."""
    assert deny("why", status=429, message="slow down") == Decision(Kind.DENY, "why", 429, "slow down")
    assert add({"x-a": "1"}).headers == {"x-a": "1"}
    assert allow(metadata={"a": 1}).metadata == {"a": 1}


@pytest.mark.parametrize("status", [0, 200, 399, 600, -1])
def test_denial_that_would_allow(status: int) -> None:
    """A denial has a status that denies."""
    with pytest.raises(ValueError, match="does not deny"):
        deny("why", status=status)


@pytest.mark.parametrize("arguments", [{"status": "403"}, {"status": True}, {"message": 1}, {"message": b""}])
def test_denial_of_other_types(arguments: dict[str, Any]) -> None:
    """And texts that are texts."""
    with pytest.raises(TypeError):
        deny("why", **arguments)


def test_no_subclasses() -> None:
    """Nobody derives another decision."""
    with pytest.raises(TypeError):
        type("Mine", (Decision,), {})


def test_declaration() -> None:
    """The decorator leaves the function what it is, and names of headers come out in small letters, once."""

    def check(_request: Request, _identity: Identity | None) -> None: ...

    assert hook(check) is check
    assert declaration_of(check) == Declaration()
    declared = hook(reads_headers=["X-A", "x-a"], sets_headers=["X-B"], cache=["path", "method"], ttl=5)(check)
    assert declared is check
    assert declaration_of(check) == Declaration(
        reads_headers=("x-a",), sets_headers=("x-b",), cache=("method", "path"), ttl=5
    )
    assert inspect.isfunction(check)
    setattr(check, ATTRIBUTE, "something")
    with pytest.raises(TypeError):
        declaration_of(check)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"reads_headers": "x-a"}, TypeError),
        ({"sets_headers": ["x a"]}, ValueError),
        ({"sets_headers": ["x-a\r\nset-cookie"]}, ValueError),
        ({"cache": "path", "ttl": 1}, TypeError),
        ({"cache": ["pathh"], "ttl": 1}, ValueError),
        ({"cache": ["path"]}, ValueError),
        ({"cache": ["path"], "ttl": -1}, ValueError),
        ({"cache": ["path"], "ttl": float("nan")}, ValueError),
        ({"cache": ["path"], "ttl": 1e9}, ValueError),
        ({"ttl": 1}, ValueError),
        ({"shared": True}, ValueError),
        ({"timeout": 0}, ValueError),
        ({"timeout": 11}, ValueError),
    ],
)
def test_declaration_without_sense(arguments: dict[str, Any], error: type[Exception]) -> None:
    """What makes no sense is refused where it is written."""
    with pytest.raises(error):
        hook(**arguments)
