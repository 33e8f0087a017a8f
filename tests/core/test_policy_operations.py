"""``to.operation``: each field and its ``not``, values joined by OR, fields by AND."""

from typing import Any

import pytest

from sidecar.core.decision import Permit
from sidecar.core.reason import Refusal
from support.decisions import evaluate
from support.identities import identity
from support.requests import request
from support.trusts import policy_set


def _allows(operation: dict[str, Any], **fields: object) -> bool:
    rules = [{"to": [{"operation": operation}]}]
    policies = policy_set([{"name": "p", "action": "allow", "rules": rules}])
    try:
        asked = request(**fields)
    except Refusal:
        return False
    return isinstance(evaluate(policies, asked, identity()), Permit)


#: An operation, a request field, values of it that match and values that do not.
_FIELDS: list[tuple[dict[str, Any], str, list[Any], list[Any]]] = [
    ({"paths": ["/a"]}, "path", ["/a", "/a?b"], ["/", "/a/", "/ab", "/A", "/b/a"]),
    ({"paths": ["/a/*"]}, "path", ["/a/", "/a/b", "/a/b/c"], ["/a", "/ab", "/"]),
    ({"paths": ["*.css"]}, "path", ["/a.css", "/b/a.css"], ["/a.cssx", "/a.css/"]),
    ({"paths": ["*"]}, "path", ["/", "/a"], []),
    ({"paths": ["/a", "/b*"]}, "path", ["/a", "/b", "/bc"], ["/c"]),
    ({"notPaths": ["/a"]}, "path", ["/b", "/ab"], ["/a", "/a?b"]),
    ({"notPaths": ["/a*", "*b"]}, "path", ["/c"], ["/a", "/ac", "/cb"]),
    ({"paths": ["/a*"], "notPaths": ["/ab"]}, "path", ["/a", "/abc"], ["/ab", "/b"]),
    ({"methods": ["GET"]}, "method", ["GET"], ["POST", "get", "GETX", "G"]),
    ({"methods": ["GET", "HEAD"]}, "method", ["GET", "HEAD"], ["POST"]),
    ({"methods": ["P*"]}, "method", ["PUT", "POST"], ["GET"]),
    ({"notMethods": ["GET"]}, "method", ["POST"], ["GET"]),
    ({"hosts": ["a.example"]}, "host", ["a.example", "A.example:80", "a.example."], ["b.example", "xa.example", ""]),
    ({"hosts": ["A.Example."]}, "host", ["a.example"], ["b.example"]),
    ({"hosts": ["*.example"]}, "host", ["a.example", "a.b.example:1"], ["example", "a.example.org"]),
    ({"hosts": ["a.example:80"]}, "host", ["a.example:80"], ["a.example", "a.example:81"]),
    ({"notHosts": ["a.example"]}, "host", ["b.example"], ["a.example", "A.EXAMPLE:1"]),
    ({"ports": ["80"]}, "port", [80], [8080, 8, 0]),
    ({"ports": [80, "443"]}, "port", [80, 443], [81]),
    ({"notPorts": ["80"]}, "port", [81], [80, 0]),
]


@pytest.mark.parametrize(
    ("operation", "field", "value"),
    [(operation, field, value) for operation, field, matching, _ in _FIELDS for value in matching],
)
def test_matches(operation: dict[str, Any], field: str, value: object) -> None:
    """A field matches these values."""
    assert _allows(operation, **{field: value})


@pytest.mark.parametrize(
    ("operation", "field", "value"),
    [(operation, field, value) for operation, field, _, others in _FIELDS for value in others],
)
def test_does_not_match(operation: dict[str, Any], field: str, value: object) -> None:
    """A field does not match these values."""
    assert not _allows(operation, **{field: value})


@pytest.mark.parametrize(
    "changed", [{}, {"path": "/b"}, {"method": "POST"}, {"host": "b.example"}, {"port": 81}, {"path": "/b", "port": 81}]
)
def test_fields_are_joined_by_and(changed: dict[str, Any]) -> None:
    """An operation matches if all of its fields do, and only then."""
    operation = {"paths": ["/a"], "methods": ["GET"], "hosts": ["a.example"], "ports": ["80"]}
    fitting: dict[str, Any] = {"path": "/a", "method": "GET", "host": "a.example", "port": 80}
    assert _allows(operation, **fitting | changed) is (not changed)
