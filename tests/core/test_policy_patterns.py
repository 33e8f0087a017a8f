"""Patterns: four forms, each meaning what its author wanted, in every spelling of a path."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.path import PathMode
from sidecar.core.policy.match import PatternError, StringSet, string_set
from sidecar.core.policy.patterns import host_patterns, path_patterns, text_patterns
from support.checks import decide
from support.requests import check_request, with_token
from support.tokens import mint
from support.trusts import ALLOW_ALL, policy_set, trust


def _texts(*patterns: str) -> StringSet:
    return string_set(one for pattern in patterns for one in text_patterns(pattern))


def _paths(*patterns: str) -> StringSet:
    return string_set(one for pattern in patterns for one in path_patterns(pattern, PathMode.REJECT))


_DELETE = "/users%3Adelete"  # '/users:delete' to most frameworks


def _reason(path: str, policies: list[dict[str, Any]], public: list[dict[str, Any]] | None = None) -> str:
    raw = check_request(path=path) if public else with_token(mint(), path=path)
    return decide(raw, trust(policy_set(policies, public or []))).reason


def _policy(action: str, **operation: list[str]) -> dict[str, Any]:
    return {"name": action, "action": action, "rules": [{"to": [{"operation": operation}]}]}


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("ab", ["ab"], ["a", "abc", "xab", "AB", ""]),
        ("a*", ["a", "ab"], ["ba", ""]),
        ("*b", ["b", "ab"], ["ba", ""]),
        ("*", ["a", "*"], [""]),
        ("a.b", ["a.b"], ["axb"]),
        ("[a]", ["[a]"], ["a"]),
    ],
)
def test_forms(pattern: str, matching: list[str], others: list[str]) -> None:
    """A pattern is exact, a prefix, a suffix or any value; nothing in it is a regular expression."""
    compiled = _texts(pattern)
    assert [value for value in [*matching, *others] if compiled.matches(value)] == matching


@pytest.mark.parametrize("pattern", ["", "a*b", "*a*", "**", "a**", "**a", "*a*b"])
def test_no_form(pattern: str) -> None:
    """A pattern of no form is refused, not taken literally."""
    with pytest.raises(PatternError):
        _texts(pattern)


@given(st.lists(st.text("ab*", min_size=1, max_size=3), max_size=4), st.text("ab*", max_size=4))
def test_a_set_matches_what_one_of_its_patterns_matches(patterns: list[str], value: str) -> None:
    """Many patterns together match exactly what one of them matches alone."""
    try:
        together = _texts(*patterns)
    except PatternError:
        return
    assert together.matches(value) is any(_texts(pattern).matches(value) for pattern in patterns)


def test_deny_matches_each_spelling() -> None:
    """A path that is denied in one spelling is denied in the other."""
    for pattern in ("/users:delete", "/users%3Adelete", "*:delete", "/users:*"):
        for path in (_DELETE, "/users:delete"):
            assert _reason(path, [*ALLOW_ALL, _policy("deny", paths=[pattern])]) == "denied_by_policy"


def test_deny_with_not_paths_matches_each_spelling() -> None:
    """A path that is outside of ``notPaths`` in one spelling is denied."""
    assert _reason(_DELETE, [*ALLOW_ALL, _policy("deny", notPaths=["/users:*"])]) == "denied_by_policy"


def test_allow_needs_each_spelling() -> None:
    """A path is allowed only if it is allowed as sent and decoded."""
    assert _reason("/a%20b", [_policy("allow", paths=["/a%20b"])]) == "allowed"
    assert _reason(_DELETE, [_policy("allow", paths=["/users:delete"])]) == "no_policy_allows"
    assert _reason(_DELETE, [_policy("allow", notPaths=["/users:delete"])]) == "no_policy_allows"


def test_public_needs_each_spelling() -> None:
    """A path is public only if it is public as sent and decoded."""
    assert _reason("/a%20b", [], [{"paths": ["/a%20b"]}]) == "public_path"
    assert _reason(_DELETE, [], [{"paths": ["/users:delete"]}]) == "no_credential"
    assert _reason(_DELETE, [], [{"notPaths": ["/users:delete"]}]) == "no_credential"


def test_an_encoded_star_is_a_star() -> None:
    """``%2A`` in a path pattern is a literal star: it does not make a prefix of what stands before it."""
    assert not _paths("/files/%2A").matches("/files/secret")
    assert _paths("/files/%2A").matches("/files/%2A")


def test_an_encoded_star_in_the_middle() -> None:
    """A path pattern that the settings take can be compiled, wherever its encoded star stands."""
    assert policy_set(public=[{"paths": ["/a%2Ab"]}]).public


@pytest.mark.parametrize("pattern", ["*.", "."])
def test_a_dot_alone_is_no_host(pattern: str) -> None:
    """A host pattern of a dot alone does not come to mean every host, nor break the compiler."""
    try:
        compiled = policy_set(public=[{"hosts": [pattern]}]).public
    except ValueError as error:
        assert "hosts" in str(error)  # noqa: PT017 - the settings may refuse it, with the place
        return
    assert compiled
    assert not string_set(host_patterns(pattern)).matches("a.example")


@pytest.mark.parametrize(
    "pattern", ["a", "/a?b", "/a#b", "/{id}", "/%80", "", "/a*b", "*a*", "/a;b", "/a%3Bb", "/a%3Fb", "*%23", "/a%20/b"]
)
def test_patterns_that_match_no_path(pattern: str) -> None:
    """A path pattern that no path could match, or that an upstream may cut short, is refused."""
    with pytest.raises(PatternError):
        _paths(pattern)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("/my%20files/*", "/my%20files/a"), ("/my files/*", "/my%20files/a"), ("/a%20*", "/a%20b"), ("*%20b", "/a%20b")],
)
def test_spaces_within_a_segment(pattern: str, path: str) -> None:
    """A space that no upstream trims may stand in a path pattern."""
    assert _paths(pattern).matches(path)


@pytest.mark.parametrize("pattern", ["[2001:0db8:*", "*:1]", "[::*", "*]:80", "*443"])
def test_host_patterns_that_mislead(pattern: str) -> None:
    """A part of an IPv6 address, and digits that may end a name or a port, are refused."""
    with pytest.raises(PatternError):
        host_patterns(pattern)
