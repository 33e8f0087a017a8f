"""What comes in other forms than expected keeps out all the same, by ``when`` and by CEL: found in a review."""

from typing import Any

import pytest

from sidecar.core.decision import Permit
from support.decisions import evaluate
from support.identities import identity
from support.requests import request
from support.trusts import policy_set

_ALL = {"name": "all", "action": "allow", "rules": [{}]}
_LINK_LOCAL = {"peer": "fe80::1%2"}
_TWO = {"principal": "spiffe://td/ns/a/ns/b/sa/c"}
_SNI = "admin.example.com"


def _cel(text: str) -> dict[str, Any]:
    return {"when": [{"cel": text}]}


def _from(**fields: list[str]) -> dict[str, Any]:
    return {"from": [{"source": fields}]}


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        (_from(ipBlocks=["fe80::/10"]), _LINK_LOCAL),
        (_from(ipBlocks=["::/0"]), _LINK_LOCAL),
        (_from(remoteIpBlocks=["fe80::/10"]), _LINK_LOCAL),
        (_cel(f"connection.sni == '{_SNI}'"), {"server_name": "ADMIN.example.com"}),
        (_cel(f"connection.sni == '{_SNI}'"), {"server_name": f"{_SNI}."}),
        ({"when": [{"key": "connection.sni", "values": [_SNI]}]}, {"server_name": f"{_SNI}."}),
        (_cel("source.namespace == 'b'"), _TWO),
        (_cel("source.service_account == 'b/c'"), _TWO),
        (_cel("request.headers['x-a'] == 'b,c'"), {"header_map": [("x-a", b"z"), ("x-a", b"b,c")]}),
    ],
)
def test_denied(rule: dict[str, Any], fields: dict[str, Any]) -> None:
    """A deny rule matches whatever form it comes in."""
    policies = policy_set([{"name": "p", "action": "deny", "rules": [rule]}, _ALL])
    assert not isinstance(evaluate(policies, request(**fields), identity()), Permit)


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        (_from(notIpBlocks=["fe80::/10"]), _LINK_LOCAL),
        (_cel(f"connection.sni != '{_SNI}'"), {"server_name": "ADMIN.example.com"}),
        (_cel("source.namespace != 'b'"), _TWO),
        (_cel("request.headers['x-a'] != 'b,c'"), {"header_map": [("x-a", b"z"), ("x-a", b"b,c")]}),
    ],
)
def test_not_allowed(rule: dict[str, Any], fields: dict[str, Any]) -> None:
    """An allow rule that excludes it does not let it in."""
    policies = policy_set([{"name": "p", "action": "allow", "rules": [rule]}])
    assert not isinstance(evaluate(policies, request(**fields), identity()), Permit)
