"""Which headers Envoy sends for what is told of a check, beside those that the check itself looks at."""

from typing import Any

import pytest

from sidecar.envoy_config import EnvoyOptions
from sidecar.envoy_config.matching import options_for
from sidecar.envoy_config.telemetry import with_headers_told
from sidecar.settings import Settings
from support.trusts import ISSUERS, trust


@pytest.mark.parametrize(
    ("log", "is_sent"),
    [({}, False), ({"allows_one_in": 1}, False), ({"stdout": True}, True), ({"file": "decisions.jsonl"}, True)],
)
def test_headers_of_the_log(log: dict[str, Any], is_sent: bool) -> None:  # noqa: FBT001 - a table
    """A request's id is always sent, and its trace where a log tells of it."""
    settings = Settings.model_validate({"issuers": ISSUERS, "decision_log": log})
    sent = with_headers_told(options_for(trust(), ("127.0.0.1:9191",), None), settings).allowed_headers
    assert sent is not None
    assert ("traceparent" in sent) is is_sent
    assert "x-request-id" in sent
    assert list(sent) == sorted(sent)
    assert with_headers_told(EnvoyOptions(), settings).allowed_headers is None
