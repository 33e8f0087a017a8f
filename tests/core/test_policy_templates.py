"""Path templates: a segment, and all the rest."""

import pytest

from sidecar.core.decision import Permit
from sidecar.core.path import PathMode
from support.decisions import evaluate
from support.identities import identity
from support.requests import request
from support.trusts import policy_set


def _allows(pattern: str, path: str, mode: PathMode = PathMode.REJECT) -> bool:
    rules = [{"to": [{"operation": {"paths": [pattern]}}]}]
    policies = policy_set([{"name": "p", "action": "allow", "rules": rules}], path_mode=mode)
    return isinstance(evaluate(policies, request(mode, path=path), identity()), Permit)


def _denies(pattern: str, path: str) -> bool:
    rules = [{"to": [{"operation": {"paths": [pattern]}}]}]
    everything = {"name": "all", "action": "allow", "rules": [{}]}
    policies = policy_set([{"name": "p", "action": "deny", "rules": rules}, everything])
    return not isinstance(evaluate(policies, request(path=path), identity()), Permit)


@pytest.mark.parametrize(
    ("pattern", "path", "allowed"),
    [
        ("/users/{*}", "/users/7", True),
        ("/users/{*}", "/users/", False),
        ("/users/{*}", "/users", False),
        ("/users/{*}", "/users/7/orders", False),
        ("/users/{*}", "/users/7/", False),
        ("/users/{*}/orders", "/users/7/orders", True),
        ("/users/{*}/orders", "/users/7/8/orders", False),
        ("/users/{*}/orders/{*}", "/users/7/orders/8", True),
        ("/{*}", "/a", True),
        ("/{*}", "/", False),
        ("/{**}", "/", True),
        ("/{**}", "/a/b", True),
        ("/files/{**}", "/files/", True),
        ("/files/{**}", "/files/a/b.txt", True),
        ("/files/{**}", "/files", False),
        ("/files/{**}", "/filesystem", False),
        ("/{*}/b/{**}", "/a/b/c/d", True),
        ("/{*}/b/{**}", "/a/c/b/d", False),
        ("/a/{**}/z", "/a/b/c/z", True),
        ("/a/{**}/z", "/a/b/c/y", False),
        ("/a.b/{*}", "/aXb/c", False),
    ],
)
def test_templates(pattern: str, path: str, allowed: bool) -> None:  # noqa: FBT001 - a table
    """``{*}`` is one segment that is not empty, ``{**}`` is any text."""
    assert _allows(pattern, path) is allowed


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/users/{*}", "/users/7"),
        ("/users/{*}", "/users/7/"),
        ("/users/{*}/", "/users/7"),
        ("/files/{**}", "/files"),
        ("/{*}/files/{**}", "/a/files"),
        ("/users/{*}/orders", "/users/a%20b/orders"),
        ("/ä/{*}", "/%C3%A4/b"),
    ],
)
def test_what_keeps_out_is_wider(pattern: str, path: str) -> None:
    """With or without a closing slash, encoded or decoded."""
    assert _denies(pattern, path)


@pytest.mark.parametrize("path", ["/users/7%3Fx/orders", "/users/7%23/orders"])
def test_all_readings(path: str) -> None:
    """A path that a careless upstream cuts is not allowed by what matches it whole."""
    assert not _allows("/users/{*}/orders", path)


def test_in_istios_modes() -> None:
    """Where Envoy has decoded nothing, a segment is what stands between slashes."""
    assert _allows("/users/{*}", "/users/a%2Fb", PathMode.BASE)
    assert not _allows("/users/{*}", "/users/a/b", PathMode.BASE)
