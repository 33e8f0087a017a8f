"""What documents of Istio's are in our configuration."""

from pathlib import Path
from typing import Any

import pytest

from istio.documents import ISTIO, authentication, configure, load, policy
from sidecar.core.algorithm import ASYMMETRIC
from sidecar.core.path import PathMode
from sidecar.istio.policies import masked
from sidecar.settings.issuer import IssuerSettings
from sidecar.settings.policy import PolicySettings

_NEVER = [{"to": [{"operation": {"notMethods": ["*"]}}]}]


def _from(**source: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    return [{"from": [{"source": source}]}]


def _when(key: str, *values: str) -> list[dict[str, Any]]:
    return [{"when": [{"key": key, "values": list(values), "notValues": ["x/y"]}]}]


@pytest.mark.parametrize(
    ("spec", "translated"),
    [
        ({"rules": [{}]}, {"action": "allow", "rules": [{}]}),
        ({"action": "DENY", "rules": [{}]}, {"action": "deny", "rules": [{}]}),
        ({"action": "AUDIT", "rules": [{}]}, {"action": "audit", "rules": [{}]}),
        ({}, {"action": "allow", "rules": _NEVER}),
        (None, {"action": "allow", "rules": _NEVER}),
        ({"rules": []}, {"action": "allow", "rules": _NEVER}),
        ({"action": "DENY"}, None),
        ({"action": "AUDIT", "rules": []}, None),
        (
            {"rules": _from(serviceAccounts=["web", "batch/job"])},
            {"action": "allow", "rules": _from(serviceAccounts=["shop/web", "batch/job"])},
        ),
        (
            {"rules": _from(notServiceAccounts=["web"])},
            {"action": "allow", "rules": _from(notServiceAccounts=["shop/web"])},
        ),
        (
            {"rules": _from(ipBlocks=["10.1.2.3/8"], notRemoteIpBlocks=["2001:db8::1/32", "10.0.0.1"])},
            {
                "action": "allow",
                "rules": _from(ipBlocks=["10.0.0.0/8"], notRemoteIpBlocks=["2001:db8::/32", "10.0.0.1"]),
            },
        ),
        (
            {"rules": _when("source.serviceAccount", "web")},
            {"action": "allow", "rules": _when("source.serviceAccount", "shop/web")},
        ),
        (
            {"rules": [{"to": [{"operation": {"hosts": ["a.example", "a.example:*"], "notPorts": [80, "81"]}}]}]},
            {
                "action": "allow",
                "rules": [{"to": [{"operation": {"hosts": ["a.example", "a.example:*"], "notPorts": ["80", "81"]}}]}],
            },
        ),
    ],
)
def test_policies(folder: Path, spec: dict[str, Any] | None, translated: dict[str, Any] | None) -> None:
    """Names stay; actions, service accounts and blocks are written as ours are; without rules nothing matches."""
    files = {"a.yaml": [policy("a", spec), policy("other", {"action": "AUDIT", "rules": [{}]})]}
    first, *rest = configure(folder, files).settings.policies
    if translated is None:
        assert (first.name, rest) == ("other.shop", [])
    else:
        assert first == PolicySettings.model_validate({"name": "a.shop", **translated})


def test_addresses_in_conditions(folder: Path) -> None:
    """Blocks are masked there too."""
    rules = [{"when": [{"key": "remote.ip", "values": ["10.1.2.3/8"], "notValues": ["10.0.0.1/31"]}]}]
    (one,) = configure(folder, {"a.yaml": [policy("a", {"rules": rules})]}).settings.policies
    (condition,) = one.rules[0].when or []
    assert (condition.values, condition.not_values) == (["10.0.0.0/8"], ["10.0.0.0/31"])


@pytest.mark.parametrize(
    "text", ["10.0.0.1", "10.0.0.1/", "10.0.0.0/255.0.0.0", "10.0.0.1/33", "a/8", "10.0.0.1/\u0663"]
)
def test_what_is_no_block_stays(text: str) -> None:
    """So that it is refused under the name it has."""
    assert masked(text) == text


@pytest.mark.parametrize(("value", "dry"), [("true", True), ("false", False)])
def test_dry_run(folder: Path, value: str, dry: bool) -> None:  # noqa: FBT001 - a value
    """Of a policy without rules too, which then closes nothing."""
    annotated = policy("a", {}, annotations={"istio.io/dry-run": value, "other": "x"})
    loaded = load(folder, {"a.yaml": [annotated]})
    (one,) = loaded.trust.policy.allow
    assert (one.percent == 0) is dry


def _translated(folder: Path, **fields: object) -> IssuerSettings:
    rule = {"issuer": "https://idp.example", **fields}
    (one,) = configure(folder, {"a.yaml": [authentication("a", rule)]}).settings.issuers
    return one


def test_a_rule_that_says_little(folder: Path) -> None:
    """Any audience, no subject, any algorithm with two keys; keys are where the issuer says."""
    one = _translated(folder)
    assert (one.any_audience, one.audiences, one.required_claims) == (True, [], [])
    assert tuple(one.algorithms) == ASYMMETRIC
    assert one.credentials == []
    assert one.keys is not None
    assert (one.keys.source, one.keys.fetch.timeout_seconds) == ("discovery", 10)


@pytest.mark.parametrize("field", ["jwksUri", "jwks_uri"])
def test_keys_that_are_fetched(folder: Path, field: str) -> None:
    """The rule's time-out goes before the configuration's."""
    rule = {"issuer": "idp", field: "http://10.0.0.1/keys", "timeout": "1s500ms", "audiences": ["a"]}
    fetch = {"allow_http": True, "allow_private_addresses": True, "timeout_seconds": 3}
    (one,) = configure(folder, {"a.yaml": [authentication("a", rule)]}, ISTIO | {"fetch": fetch}).settings.issuers
    assert one.keys is not None
    assert one.keys.url == "http://10.0.0.1/keys"
    assert (one.keys.fetch.timeout_seconds, one.keys.fetch.allow_http) == (1.5, True)
    assert (one.any_audience, one.audiences) == (False, ["a"])


def test_places_of_tokens(folder: Path) -> None:
    """In place of the usual one."""
    one = _translated(
        folder,
        fromHeaders=[{"name": "Authorization", "prefix": "JWT "}, {"name": "X-Token"}],
        fromParams=["token"],
        fromCookies=["session"],
    )
    assert [(place.source().kind, place.source().name, place.source().scheme) for place in one.credentials] == [
        ("header", "authorization", "jwt"),
        ("header", "x-token", ""),
        ("query", "token", ""),
        ("cookie", "session", ""),
    ]


_INLINE = {"issuer": "https://idp.example", "jwks": "JWKS"}


def test_what_the_upstream_gets(folder: Path) -> None:
    """No token unless it is to be forwarded, and claims in headers; the configuration goes before."""
    rule = _INLINE | {"outputClaimToHeaders": [{"header": "X-Team", "claim": "org.team"}]}
    files = {"a.yaml": [authentication("a", rule), authentication("b", rule)]}
    response = load(folder, files).settings.response
    assert response.forward_token is False
    assert response.identity_headers.claims == {"[org][team]": "x-team"}
    mine = {"forward_token": True, "identity_headers": {"claims": {"sub": "x-sub", "[org][team]": "x-t"}}}
    response = load(folder, files, response=mine).settings.response
    assert response.forward_token is True
    assert response.identity_headers.claims == {"sub": "x-sub", "[org][team]": "x-t"}
    forwarded = {"a.yaml": [authentication("a", _INLINE | {"forwardOriginalToken": True})]}
    assert load(folder, forwarded).settings.response.forward_token is True


def test_beside_what_the_configuration_has(folder: Path) -> None:
    """Policies, issuers and a public path of the configuration stay, and in any path mode."""
    mine = {"issuer": "https://mine.example", "audiences": ["a"], "keys": {"file": "jwks.json"}}
    loaded = load(
        folder,
        {"a.yaml": [authentication("a", _INLINE), policy("a", {"rules": [{}]})]},
        issuers=[mine],
        policies=[{"name": "mine", "action": "deny", "rules": [{}]}],
        request={"path_mode": "base"},
    )
    assert [one.name for one in loaded.trust.policy.all] == ["mine", "a.shop"]
    assert list(loaded.trust.issuers) == ["https://mine.example", "https://idp.example"]
    assert loaded.trust.path_mode is PathMode.BASE
