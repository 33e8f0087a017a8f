"""Denials as the decision log remembers them."""

from typing import Any

from sidecar.status.denials import Denial

RECORD: dict[str, Any] = {
    "time": "2026-01-01T12:00:03.123456Z",
    "decision": "deny",
    "reason": "no_policy_allows",
    "status": 403,
    "issuer": "https://idp.example.com",
    "subject": "alice",
    "method": "GET",
    "host": "api.example.com",
    "path": "/orders/1",
    "address": "192.0.2.7",
    "duration": 1.4e-05,
    "cache": "l1",
    "process": "server-0",
    "version": "0.1.0",
}


def denial(**changed: Any) -> Denial:  # noqa: ANN401 - any JSON
    """Return one; ``None`` takes a field away."""
    return Denial({name: value for name, value in {**RECORD, **changed}.items() if value is not None})
