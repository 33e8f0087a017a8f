"""Which documents are for the workload, and what is said of them when they are loaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from istio.documents import ISTIO, authentication, load, policy

_MINE = policy("mine", {"action": "AUDIT", "rules": [{}]})
_OF_SHOP = "istio: for this workload (namespace shop, labels app=orders): "


def _deny(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    namespace = fields.pop("namespace", "shop")
    found = policy("deny", {"action": "DENY", "rules": [{}], **fields})
    metadata = {"name": "deny"} if namespace is None else {"name": "deny", "namespace": namespace}
    return {**found, "metadata": metadata}


def _labels(**labels: str) -> dict[str, Any]:
    return {"selector": {"matchLabels": labels}}


@pytest.mark.parametrize(
    ("document", "labels", "counts"),
    [
        (_deny(), {}, True),
        (_deny(namespace=None), {}, True),
        (_deny(namespace="other"), {}, False),
        (_deny(namespace="istio-system"), {}, True),
        (_deny(namespace="istio-system", **_labels(app="orders")), {"app": "orders"}, True),
        (_deny(namespace="istio-system", **_labels(app="orders")), {"app": "stock"}, False),
        (_deny(namespace="other", **_labels(app="orders")), {"app": "orders"}, False),
        (_deny(selector={}), {}, True),
        (_deny(selector={"matchLabels": {}}), {}, True),
        (_deny(**_labels(app="orders")), {"app": "orders", "version": "1"}, True),
        (_deny(**_labels(app="orders", version="1")), {"app": "orders", "version": "1"}, True),
        (_deny(**_labels(app="orders", version="1")), {"app": "orders"}, False),
        (_deny(**_labels(app="orders")), {"app": "Orders"}, False),
        (_deny(**_labels(app="")), {}, False),
    ],
)
def test_selection(folder: Path, document: Mapping[str, Any], labels: dict[str, str], *, counts: bool) -> None:
    """A namespace and all labels; whoever is left out is named, with the reason."""
    loaded = load(folder, {"a.yaml": [_MINE, document]}, ISTIO | {"labels": labels})
    assert [one.name for one in loaded.trust.policy.deny] == ([f"deny.{_namespace(document)}"] if counts else [])
    assert any(
        one.startswith("istio: not for this workload: AuthorizationPolicy deny.") for one in loaded.warnings
    ) is (not counts)


def _namespace(document: Mapping[str, Any]) -> str:
    return str(document["metadata"].get("namespace", "shop"))


def test_another_root_namespace(folder: Path) -> None:
    """As the mesh is configured."""
    loaded = load(folder, {"a.yaml": [_MINE, _deny(namespace="mesh")]}, ISTIO | {"root_namespace": "mesh"})
    assert [one.name for one in loaded.trust.policy.deny] == ["deny.mesh"]


def test_what_is_for_others_may_be_anything(folder: Path) -> None:
    """What their sidecar is not given to evaluate is nothing to this one."""
    custom = policy("ask", {"action": "CUSTOM", "provider": {"name": "x"}, **_labels(app="other")})
    loaded = load(folder, {"a.yaml": [_MINE, custom]})
    assert loaded.warnings[1] == "istio: not for this workload: AuthorizationPolicy ask.shop (selector app=other)"


def test_what_kubectl_writes(folder: Path) -> None:
    """Lists, and metadata and status that Kubernetes added, are taken as they are."""
    metadata: dict[str, Any] = {
        "creationTimestamp": None,
        "uid": "x",
        "resourceVersion": "1",
        "labels": {},
        "managedFields": [{}],
    }
    written = policy("a", {"action": "DENY", "rules": [{}]}, **metadata) | {"status": {}}
    items = [_MINE, {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicyList", "items": [written]}]
    loaded = load(folder, {"a.json": [{"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}]})
    assert [one.name for one in loaded.trust.policy.all] == ["a.shop", "mine.shop"]


_RULE = {"issuer": "https://idp.example", "jwks": "JWKS"}
_PASSES = "istio: a request without a token passes RequestAuthentication; policies see nobody then"
_NO_TOKENS = "istio: no RequestAuthentication is for this workload: tokens are not looked at"
_CLOSES = "istio: AuthorizationPolicy closed.shop has no rules: it allows nothing, and closes all that no other allows"
_OPEN = (
    "istio: no ALLOW policy is for this workload: everything passes that no DENY policy denies ('default: deny' would "
    "deny it)"
)


@pytest.mark.parametrize(
    ("documents", "default", "warnings"),
    [
        ([authentication("jwt", _RULE)], "istio", [f"{_OF_SHOP}RequestAuthentication jwt.shop", _PASSES, _OPEN]),
        (
            [policy("all", {"rules": [{}]}), authentication("jwt", _RULE)],
            "istio",
            [f"{_OF_SHOP}AuthorizationPolicy all.shop, RequestAuthentication jwt.shop", _PASSES],
        ),
        (
            [policy("dry", {"rules": [{}]}, annotations={"istio.io/dry-run": "true"})],
            "istio",
            [f"{_OF_SHOP}AuthorizationPolicy dry.shop", _NO_TOKENS, _OPEN],
        ),
        (
            [policy("closed", {}), policy("idle", {"action": "DENY"})],
            "istio",
            [
                f"{_OF_SHOP}AuthorizationPolicy closed.shop, AuthorizationPolicy idle.shop",
                _CLOSES,
                "istio: AuthorizationPolicy idle.shop has no rules: it never matches",
                _NO_TOKENS,
            ],
        ),
        (
            [
                {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": {"name": "mtls"}},
                {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "orders"}},
                {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": "?"},
            ],
            "deny",
            [
                f"{_OF_SHOP}none",
                "istio: not evaluated, since certificates are Envoy's to ask for: PeerAuthentication mtls.shop",
                "istio: left out, being no policies of Istio's: Deployment orders, Gateway None",
                _NO_TOKENS,
                "istio: no ALLOW policy is for this workload: everything is denied, by 'default: deny'",
            ],
        ),
    ],
)
def test_what_is_said(folder: Path, documents: list[dict[str, Any]], default: str, warnings: list[str]) -> None:
    """What is for the workload, what is not, and how open that leaves it."""
    assert list(load(folder, {"a.yaml": documents}, ISTIO | {"default": default}).warnings) == warnings
