"""``from.source`` and ``when`` on the connection: certificates, addresses, ports and names."""

from typing import Any

import pytest

from sidecar.core.decision import Permit
from sidecar.core.policy.model import PolicySet
from sidecar.core.policy.peer import Proxies, client_address
from support.decisions import evaluate
from support.identities import identity
from support.requests import request
from support.trusts import policy_set

_WEB = {"principal": "spiffe://cluster.local/ns/shop/sa/web"}
_ODD = {"principal": "spiffe://cluster.local/team/shop/web"}
_DEEP = {"principal": "spiffe://cluster.local/cluster/a/ns/shop/sa/web"}
_NAMED = {"principal": "CN=cluster.local/ns/shop/sa/web"}
_INSIDE, _MAPPED, _OUTSIDE = {"peer": "10.1.2.3"}, {"peer": "::ffff:10.1.2.3"}, {"peer": "192.0.2.1"}
_SIX = {"peer": "2001:db8::7"}


def _set(rule: dict[str, Any], action: str, **settings: object) -> PolicySet:
    policies = [{"name": "p", "action": action, "rules": [rule]}]
    if action == "deny":
        policies.append({"name": "all", "action": "allow", "rules": [{}]})
    return policy_set(policies, **settings)  # type: ignore[arg-type]


def _matches(rule: dict[str, Any], action: str, fields: dict[str, Any], hops: int = 0) -> bool:
    allowed = isinstance(evaluate(_set(rule, action, hops=hops), request(**fields), identity()), Permit)
    return allowed is (action == "allow")


def _from(**fields: list[str]) -> dict[str, Any]:
    return {"from": [{"source": fields}]}


def _when(key: str, **fields: list[str]) -> dict[str, Any]:
    return {"when": [{"key": key, **fields}]}


#: A rule, a request, and whether the rule matches as one of an allow and of a deny policy.
CASES: list[tuple[dict[str, Any], dict[str, Any], bool, bool]] = [
    (_from(principals=["cluster.local/ns/shop/sa/web"]), _WEB, True, True),
    (_from(principals=["cluster.local/*"]), _WEB, True, True),
    (_from(principals=["*/sa/web"]), _WEB, True, True),
    (_from(principals=["*"]), _WEB, True, True),
    (_from(principals=["cluster.local/ns/shop/sa/we"]), _WEB, False, False),
    (_from(principals=["*"]), {}, False, False),
    (_from(principals=["*/sa/web"]), _NAMED, False, False),  # no SPIFFE ID is no principal
    (_from(notPrincipals=["cluster.local/ns/shop/sa/web"]), _WEB, False, False),
    (_from(notPrincipals=["cluster.local/ns/shop/sa/web"]), {}, True, True),
    (_from(namespaces=["shop"]), _WEB, True, True),
    (_from(namespaces=["sh*"]), _WEB, True, True),
    (_from(namespaces=["web"]), _WEB, False, False),
    (_from(namespaces=["shop"]), _ODD, False, False),  # a path of another form: in no namespace, as in Istio
    (_from(notNamespaces=["shop"]), _ODD, True, True),
    (_from(namespaces=["shop"]), _DEEP, True, True),
    (_from(serviceAccounts=["shop/web"]), _DEEP, True, True),
    (_from(notNamespaces=["shop"]), {}, True, True),
    (_from(serviceAccounts=["shop/web"]), _WEB, True, True),
    (_from(serviceAccounts=["web/shop"]), _WEB, False, False),
    (_from(ipBlocks=["10.0.0.0/8"]), _INSIDE, True, True),
    (_from(ipBlocks=["10.0.0.0/8"]), _MAPPED, True, True),
    (_from(ipBlocks=["::ffff:10.0.0.0/104"]), _INSIDE, True, True),
    (_from(ipBlocks=["10.0.0.0/8"]), _OUTSIDE, False, False),
    (_from(ipBlocks=["10.1.2.3"]), _INSIDE, True, True),
    (_from(ipBlocks=["10.1.2.2"]), _INSIDE, False, False),
    (_from(ipBlocks=["0.0.0.0/0"]), _SIX, False, False),
    (_from(ipBlocks=["2001:db8::/32"]), _SIX, True, True),
    (_from(ipBlocks=["::/0"]), _SIX, True, True),
    (_from(notIpBlocks=["10.0.0.0/8"]), _INSIDE, False, False),
    (_from(notIpBlocks=["10.0.0.0/8"]), _OUTSIDE, True, True),
    (_from(ipBlocks=["10.0.0.0/8"]), {}, False, True),  # a Unix socket: from anywhere
    (_from(notIpBlocks=["10.0.0.0/8"]), {}, False, True),
    (_from(namespaces=["shop"], ipBlocks=["10.0.0.0/8"]), _WEB | _INSIDE, True, True),
    (_from(namespaces=["shop"], ipBlocks=["10.0.0.0/8"]), _WEB | _OUTSIDE, False, False),
    (_when("source.ip", values=["10.0.0.0/8"]), _INSIDE, True, True),
    (_when("source.ip", notValues=["10.0.0.0/8"]), _INSIDE, False, False),
    (_when("source.namespace", values=["shop"]), _WEB, True, True),
    (_when("source.principal", values=["*"]), {}, False, False),
    (_when("source.serviceAccount", values=["shop/web"]), _WEB, True, True),
    (_when("destination.ip", values=["10.9.0.0/16"]), {"destination": "10.9.1.1"}, True, True),
    (_when("destination.ip", values=["10.9.0.0/16"]), {"destination": "10.8.1.1"}, False, False),
    (_when("destination.port", values=["8443"]), {"port": 8443}, True, True),
    (_when("destination.port", values=["8443"]), {"port": 8080}, False, False),
    (_when("destination.port", notValues=["8443"]), {"port": 0}, False, True),
    (_when("connection.sni", values=["Shop.Example"]), {"server_name": "shop.example"}, True, True),
    (_when("connection.sni", values=["*.example"]), {"server_name": "SHOP.EXAMPLE"}, True, True),
    (_when("connection.sni", values=["*"]), {"server_name": ""}, False, False),
    (_when("connection.sni", notValues=["shop.example"]), {}, False, True),  # no TLS, or not passed on
]


@pytest.mark.parametrize(("rule", "fields", "in_allow", "in_deny"), CASES)
def test_sources(rule: dict[str, Any], fields: dict[str, Any], in_allow: bool, in_deny: bool) -> None:  # noqa: FBT001
    """What is missing matches no values and every notValues; what cannot be told keeps the request out."""
    assert _matches(rule, "allow", fields) is in_allow
    assert _matches(rule, "deny", fields) is in_deny


@pytest.mark.parametrize(
    ("sent", "hops", "in_allow", "in_deny"),
    [
        ("10.0.0.1", 0, False, False),  # the client's own word
        ("10.0.0.1, 192.0.2.9", 0, False, False),
        ("10.0.0.1, 192.0.2.9", 1, True, True),
        ("198.51.100.1,10.0.0.1 , 192.0.2.9", 1, True, True),
        ("10.0.0.1, 198.51.100.1,192.0.2.9", 1, False, False),
        ("192.0.2.9", 1, False, False),  # fewer than that: the connection's own address
        (None, 1, False, True),  # Envoy adds its peer always: it is not as we were told
        ("10.0.0.1, 192.0.2.8", 1, False, True),
        ("unknown, 192.0.2.9", 1, False, True),
        ("", 1, False, True),
        ("10.0.0.1:443, 192.0.2.9", 1, False, True),
    ],
)
def test_the_clients_address(sent: str | None, hops: int, in_allow: bool, in_deny: bool) -> None:  # noqa: FBT001
    """It is the one before the trusted hops of X-Forwarded-For, whatever the client has put in front of these."""
    fields: dict[str, Any] = {"peer": "192.0.2.9"} | ({} if sent is None else {"headers": {"x-forwarded-for": sent}})
    for rule in (_from(remoteIpBlocks=["10.0.0.0/8"]), _when("remote.ip", values=["10.0.0.0/8"])):
        assert _matches(rule, "allow", fields, hops) is in_allow
        assert _matches(rule, "deny", fields, hops) is in_deny


@pytest.mark.parametrize(
    ("sent", "hops", "expected"),
    [
        ("10.0.0.1", 0, True),
        ("192.0.2.7, 10.0.0.1", 0, True),
        ("10.0.0.1, 192.0.2.7", 0, False),
        ("10.0.0.1, 192.0.2.7", 1, True),
        (None, 0, False),
        ("10.0.0.1", 1, False),
    ],
)
def test_behind_a_gateway(sent: str | None, hops: int, expected: bool) -> None:  # noqa: FBT001 - a table
    """Where Envoy adds nothing to it, the last of X-Forwarded-For is what the gateway has added."""
    found = client_address(sent, "192.0.2.9", Proxies(hops, use_remote_address=False))
    assert (found == "10.0.0.1") is expected


@pytest.mark.parametrize(("subject", "who"), [("alice", "both"), ("bob", "neither")])
def test_sources_of_both_kinds(subject: str, who: str) -> None:
    """Fields of the token and of the connection stand in one source."""
    rule = _from(requestPrincipals=["*/alice"], ipBlocks=["10.0.0.0/8"])
    policies = _set(rule, "allow")
    answers: dict[int, bool] = {}
    inside, outside = request(peer="10.0.0.1"), request(peer="192.0.2.1")
    for asked, expected in ((inside, who == "both"), (outside, False), (inside, who == "both")):
        decision = evaluate(policies, asked, identity(sub=subject), answers)
        assert isinstance(decision, Permit) is expected
