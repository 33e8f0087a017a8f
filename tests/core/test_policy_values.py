"""Values for a request: path and headers as they were sent."""

from datetime import UTC, datetime

import pytest

from sidecar.cel import compile_value
from sidecar.core.policy.case import Case
from sidecar.core.policy.terms import value_of
from support.identities import identity
from support.requests import request
from support.tokens import NOW

SENT = {"x-a": "1, 2", "user-agent": "Mozilla/5.0 (KHTML, like Gecko)"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("request.path", "/users%3Adelete"),
        ("request.headers['x-a']", "1, 2"),
        ("request.headers.`user-agent`", "Mozilla/5.0 (KHTML, like Gecko)"),
        ("request.headers.missing", None),
        ("identity.claims.team + '/' + request.method", "blue/GET"),
        ("now", datetime.fromtimestamp(NOW, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("connection.sni", None),
    ],
)
def test_value(text: str, value: object) -> None:
    """A value sees the request once, as it was sent, whatever else upstreams may read."""
    case = Case(request(path="/users%3Adelete", headers=SENT), identity(team="blue"), NOW)
    assert value_of(compile_value(text), case) == value


def test_nobody() -> None:
    """Without an identity nothing of one can be told."""
    case = Case(request(), None, NOW)
    assert value_of(compile_value("identity.subject"), case) is None
    assert value_of(compile_value("identity.claims.?team.orValue('none')"), case) is None
