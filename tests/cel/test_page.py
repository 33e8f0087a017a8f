"""docs/cel.md is true: its examples compile and match, its tables are the code's."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.cel import compile_terms
from sidecar.cel.compile import MAX_LENGTH
from sidecar.cel.price import PRICES
from sidecar.cel.variables import BODY, CLAIMS, HEADERS, VARIABLES, Kind

PAGE = (Path(__file__).parent.parent.parent / "docs/cel.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```cel\n(.*?)\n```", PAGE, re.DOTALL)
MATCHING: dict[str, object] = {
    "request.method": "GET",
    "request.path": "/tenants/blue/7",
    "request.headers": {"x-tenant": "blue"},
    "identity.subject": "alice",
    "identity.claims": {
        "groups": ["reader"],
        "level": 3,
        "tenant": "blue",
        "realm_access": {"roles": ["auditor"]},
        "roles": [{"name": "admin", "tenant": "blue"}],
        "email": "Alice@Example.com",
        "email_verified": True,
    },
    "remote.address": "10.1.2.3",
    "now": datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp(),
}
#: The examples that want other values to match.
OTHER: dict[int, dict[str, object]] = {8: {"request.path": "/users/7/orders", "identity.subject": "7"}}


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples_match(number: int) -> None:
    """Each example is met by a request it is for, and not by one of which nothing is known."""
    terms = compile_terms(EXAMPLES[number])
    assert [term(MATCHING | OTHER.get(number, {})) for term in terms] == [True] * len(terms)
    assert [term({}) for term in terms] == [None] * len(terms)


def test_there_are_examples() -> None:
    """None of the ten is missed by the pattern that looks for them."""
    assert len(EXAMPLES) == 10


def test_every_variable_has_its_row() -> None:
    """The table has each variable with its type and its limit, and no other."""
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| (.*?) \| [^|]* \|$", PAGE, re.MULTILINE))
    assert rows == {name: f"{one.kind.value} | {_longest(name)}".rstrip() for name, one in VARIABLES.items()}


def _longest(name: str) -> str:
    one = VARIABLES[name]
    suffixes = {HEADERS: " each", CLAIMS: " as JSON", BODY: " as JSON"}
    suffix = suffixes.get(name, " members" if one.kind is Kind.TEXTS else "")
    return f"{one.longest}{suffix}" if one.longest else ""


@pytest.mark.parametrize("name", sorted(name for name in PRICES if name.isalpha() and not name.startswith("get")))
def test_every_function_is_named(name: str) -> None:
    """The page names each function there is."""
    assert re.search(rf"`{name}[`(]", PAGE)


def test_limits_are_the_code_s() -> None:
    """The page says the length that is taken."""
    assert f"| characters of an expression | {MAX_LENGTH} |" in PAGE
