"""The examples in ``k8s/plugins`` are valid for the projects that they are for, field by field."""

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest

from support.crds import FOLDER, documents, kinds, looked_at, mesh_problem
from support.manifests import read
from support.plugins import EXAMPLES

_FOUND = list(documents(EXAMPLES))
#: Of docs/migrating, which has tests of its own.
_OTHERS = {"AuthConfig", "RequestAuthentication"}
_DOCUMENTS = [pytest.param(one, id=f"{file.relative_to(EXAMPLES)}:{one['kind']}") for file, one in _FOUND]
_MESH = read(EXAMPLES / "istio/values.yaml")[0]["meshConfig"]


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_example_is_valid(document: Mapping[str, Any]) -> None:
    """Each has no field or value that its project's schema does not know; every rule in CEL was evaluated."""
    verdict = looked_at(document)
    assert verdict.problems == []
    assert verdict.not_evaluated == set()


def test_every_kind_is_used() -> None:
    """No schema is kept that nothing is held against, and each has its origin."""
    assert {one["kind"] for _, one in _FOUND} | _OTHERS == kinds()
    recorded = json.loads((FOLDER / "provenance.json").read_text(encoding="utf-8"))
    assert {kind for one in recorded for kind in one["kinds"]} == kinds()
    assert all(one["licence"] == "Apache-2.0" and one["go.sum"].startswith("h1:") for one in recorded)


def test_nothing_is_left_out() -> None:
    """Whatever stands in an example is Kubernetes' own, or has a schema here."""
    theirs = ("v1", "apps/v1", "policy/v1", "networking.k8s.io/v1", "kustomize.config.k8s.io/v1beta1")
    for file in sorted(EXAMPLES.rglob("*.yaml")):
        for one in read(file):
            if "kind" in one:
                assert one["apiVersion"] in theirs or one["kind"] in kinds(), file


def _named(path: str, kind: str) -> dict[str, Any]:
    (found,) = (one for one in read(EXAMPLES / path) if one["kind"] == kind)
    return dict(copy.deepcopy(found))


@pytest.mark.parametrize(
    ("path", "kind", "at", "wrong", "says"),
    [
        ("istio/authorizationpolicy.yaml", "AuthorizationPolicy", "spec.provider.nam", "authz", "nam"),
        ("istio/serviceentry.yaml", "ServiceEntry", "spec.resolution", "STATICALLY", "STATICALLY"),
        (
            "istio/destinationrule.yaml",
            "DestinationRule",
            "spec.trafficPolicy.outlierDetection.interval",
            "often",
            "interval",
        ),
        ("istio/envoyfilter.yaml", "EnvoyFilter", "spec.configPatch", [], "configPatch"),
        ("envoy-gateway/socket/securitypolicy.yaml", "SecurityPolicy", "spec.extAuth.failopen", False, "failopen"),
        ("envoy-gateway/socket/securitypolicy.yaml", "SecurityPolicy", "spec.extAuth.http", {}, "only one of"),
        ("envoy-gateway/socket/gateway.yaml", "EnvoyProxy", "spec.provider.type", "Docker", "Docker"),
        ("gateway-api/httproute.yaml", "HTTPRoute", "spec.rules.1.filters.0.externalAuth.http", {}, "protocol must be"),
        ("contour/extensionservice.yaml", "ExtensionService", "spec.timeoutPolicy.connect", "1s", "connect"),
        ("contour/extensionservice.yaml", "ExtensionService", "spec.services.0.port", 65536, "65536"),
        ("contour/httpproxy.yaml", "HTTPProxy", "spec.virtualhost.authorization.failopen", True, "failopen"),
        ("emissary/authservice.yaml", "AuthService", "spec.protocol_version", "v4", "v4"),
        ("emissary/mapping.yaml", "Mapping", "spec.bypass_authz", True, "bypass_authz"),
    ],
)
def test_mistakes_are_found(path: str, kind: str, at: str, wrong: object, says: str) -> None:
    """A field that is misspelt, a value that is none, fields that do not go together: to be valid means something."""
    document = read(EXAMPLES / path)[0] if kind == "Mapping" else _named(path, kind)
    *way, last = at.split(".")
    place: Any = document
    for name in way:
        place = place[int(name)] if name.isdecimal() else place.setdefault(name, {})
    place[last] = wrong
    assert any(says in problem for problem in looked_at(document).problems)


def test_mesh_configuration_is_valid() -> None:
    """Istio's own message takes it."""
    assert mesh_problem(_MESH) == ""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"failopen": False}, "failopen"),
        ({"timeout": "200ms!"}, "timeout"),
        ({"port": "grpc"}, "port"),
        ({"envoyExtAuthzHttp": {}}, "envoyExtAuthzHttp"),
    ],
)
def test_mistakes_in_the_mesh_are_found(change: Mapping[str, object], says: str) -> None:
    """A misspelt field of a provider, or a value that is none, is refused."""
    mesh = copy.deepcopy(_MESH)
    mesh["extensionProviders"][0]["envoyExtAuthzGrpc"] |= change
    assert says in mesh_problem(mesh)
