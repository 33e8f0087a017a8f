"""What kustomize makes of ``k8s/``: built, valid for each version of Kubernetes, and put together as it is meant."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from support.crds import kinds
from support.manifests import FOLDER, SIDECAR, Object, built, container, of_kind, pod_of, read, the, workloads

_VERSIONS = ("1.34", "1.35", "1.36", "1.37")
#: Of no version of Kubernetes: they come with an operator, or with what k8s/plugins is for (tests/plugins).
_CUSTOM = {"PodMonitor", "PrometheusRule"} | kinds()
#: v1 since 1.36. What they are for before: k8s/README.md.
_NEWER = {"MutatingAdmissionPolicy": "1.36", "MutatingAdmissionPolicyBinding": "1.36"}
_FOLDERS = of_kind("Kustomization")


@pytest.fixture(scope="module")
def schemas() -> ModuleType:
    """Return the library with the schemas of all versions, where it is installed."""
    found: ModuleType = pytest.importorskip("kubernetes_validate", reason="not installed; make test-k8s installs it")
    return found


def _name(folder: Path) -> str:
    return str(folder.relative_to(FOLDER))


def test_components_are_built_by_an_overlay() -> None:
    """None is left out of what is looked at here: each is part of what some kustomization makes."""
    used = {
        (file.parent / one).resolve()
        for file in FOLDER.rglob("kustomization.yaml")
        for one in read(file)[0].get("components", ())
    }
    # Once in a cluster, by itself: tests/monitoring.
    assert set(of_kind("Component")) - used == {FOLDER / "monitoring"}


@pytest.mark.parametrize("version", _VERSIONS)
@pytest.mark.parametrize("folder", _FOLDERS, ids=_name)
def test_valid_by_the_schemas(folder: Path, version: str, schemas: ModuleType) -> None:
    """Each object is valid, without a field that this version does not know."""
    objects = built(folder)
    ours = [one for one in objects if one["kind"] not in _CUSTOM and version >= _NEWER.get(one["kind"], version)]
    for one in ours:
        schemas.validate(one, version, strict=True)
    assert ours or {one["kind"] for one in objects} <= _CUSTOM


@pytest.mark.parametrize("version", _VERSIONS)
def test_schemas_are_strict(version: str, schemas: ModuleType) -> None:
    """A field that is misspelt is found: to be valid means something."""
    (deployment,) = read(FOLDER / "base/deployment.yaml")
    schemas.validate(deployment, version, strict=True)
    deployment["spec"]["template"]["spec"]["automountServiceAccountTokens"] = False
    with pytest.raises(schemas.ValidationError, match="automountServiceAccountTokens"):
        schemas.validate(deployment, version, strict=True)


@pytest.mark.parametrize(
    "folder", [path for path in _FOLDERS if path.parent.name == "overlays" or path == FOLDER / "agent"], ids=_name
)
def test_every_container_is_confined(folder: Path) -> None:
    """Each has what Pod Security asks for, a read-only root, requests, and a limit of memory."""
    objects = built(folder)
    for one in workloads(objects):
        spec = one["spec"]["template"]["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert the(objects, "ServiceAccount", spec["serviceAccountName"])["automountServiceAccountToken"] is False
        assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
        for each in (*spec.get("initContainers", ()), *spec["containers"]):
            context = each["securityContext"]
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["readOnlyRootFilesystem"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["runAsUser"] > 0
            assert each["resources"]["requests"].keys() == {"cpu", "memory"}
            assert "memory" in each["resources"]["limits"]
            # Quotas stop all processes in the midst of checks; CPUs of one's own have none.
            assert folder.name == "pinned" or "cpu" not in each["resources"]["limits"]


@pytest.mark.parametrize("folder", [path for path in _FOLDERS if path.parent.name == "overlays"], ids=_name)
def test_every_workload_has_what_belongs_to_it(folder: Path) -> None:
    """Each is selected by a Service, a disruption budget and a network policy, and its configurations are immutable."""
    objects = built(folder)
    for one in workloads(objects):
        labels = one["spec"]["template"]["metadata"]["labels"]
        name = one["metadata"]["name"]
        assert the(objects, "Service", name)["spec"]["selector"] == labels
        assert the(objects, "PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"] == labels
        assert the(objects, "NetworkPolicy", name)["spec"]["podSelector"]["matchLabels"] == labels
    maps = {each["metadata"]["name"]: each for each in objects if each["kind"] == "ConfigMap"}
    assert all(each["immutable"] is True for each in maps.values())
    ours = {"authz-config"} if folder.name != "agent" else set()  # the agent has it
    assert {name.rpartition("-")[0] for name in maps} == {"envoy-config", *ours}
    used = {
        source["configMap"]["name"]
        for one in workloads(objects)
        for volume in one["spec"]["template"]["spec"].get("volumes", ())
        for source in (volume, *volume.get("projected", {}).get("sources", ()))
        if "configMap" in source
    } | {
        one["spec"]["template"]["metadata"]["annotations"].get("authz-sidecar/policy") for one in workloads(objects)
    } - {None}
    assert used == set(maps)


def test_sidecar_stands_before_envoy() -> None:
    """It is there before Envoy asks, and until Envoy has ended; each is a native sidecar."""
    spec = pod_of(the(built(FOLDER / "overlays/sidecar"), "Deployment"))["spec"]
    assert [one["name"] for one in spec["initContainers"]] == [SIDECAR, "envoy"]
    assert {one["restartPolicy"] for one in spec["initContainers"]} == {"Always"}


def test_pinned_containers_ask_for_what_they_may_have() -> None:
    """Requests are limits for each container, and the sidecar's CPUs are whole, and a server each."""
    spec = pod_of(the(built(FOLDER / "overlays/pinned"), "Deployment"))["spec"]
    for one in (*spec["initContainers"], *spec["containers"]):
        assert one["resources"]["requests"] == one["resources"]["limits"]
    ours = container(spec, SIDECAR)
    assert ours["resources"]["limits"]["cpu"] == str(read(FOLDER / "components/example/authz.yaml")[0]["servers"])
    assert ours["env"] == [{"name": "AUTHZ_CPU_AFFINITY_ENABLED", "value": "true"}]


def test_only_envoy_s_port_is_open() -> None:
    """Nothing but Envoy's port and the metrics can be reached, so that nobody gets past Envoy."""
    assert _ports(built(FOLDER / "overlays/sidecar"), "orders") == {8080, 9190}
    assert _ports(built(FOLDER / "overlays/injected"), "orders") == {8080, 9190}
    behind = built(FOLDER / "overlays/gateway")
    assert _ports(behind, "gateway") == {8080, 9190}
    (rule,) = the(behind, "NetworkPolicy", "orders")["spec"]["ingress"]
    gateway = the(behind, "Deployment", "gateway")["spec"]["template"]["metadata"]["labels"]
    assert rule["from"] == [{"podSelector": {"matchLabels": gateway}}]
    assert [one["port"] for one in rule["ports"]] == [8081]


def _ports(objects: Sequence[Object], name: str) -> set[int]:
    rules = the(objects, "NetworkPolicy", name)["spec"]["ingress"]
    return {port["port"] for rule in rules for port in rule["ports"]}
