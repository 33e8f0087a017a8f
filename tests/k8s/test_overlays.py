"""Every kustomization that is to be applied is one that a real API server takes, with the pods that come of it."""

from pathlib import Path

import pytest

from support.api_server import ApiServer
from support.crds import kinds
from support.manifests import FOLDER, SIDECAR, built, of_kind, pod_of, the, workloads

#: Kinds that come with an operator, or with what k8s/plugins is for (tests/plugins).
_CUSTOM = {"PodMonitor", "PrometheusRule"} | kinds()
OVERLAYS = sorted(path for path in of_kind("Kustomization") if path.is_relative_to(FOLDER / "overlays"))


def test_all_are_looked_at() -> None:
    """Each folder below overlays but a part of one is applied here."""
    names = {path.name for path in OVERLAYS}
    assert names == {"sidecar", "gateway", "application", "injected", "pinned", "doubled", "agent"}


@pytest.mark.parametrize("folder", of_kind("Kustomization"), ids=lambda path: str(path.relative_to(FOLDER)))
def test_server_side_dry_run(folder: Path, api_server: ApiServer) -> None:
    """The server would take each object, without a field that it does not know."""
    for space in (one for one in built(folder) if one["kind"] == "Namespace"):
        # What is in it can be tried only where it is.
        assert api_server.apply(space).is_success
    for name in {one["metadata"].get("namespace", "default") for one in built(folder)}:
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        # That of a product of others is made by it.
        assert api_server.read(space).is_success or api_server.apply(space).is_success
    for one in built(folder):
        if one["kind"] not in _CUSTOM:
            answer = api_server.apply(one, dry_run=True)
            assert answer.is_success, answer.text
            assert "warning" not in answer.headers, answer.headers["warning"]


@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda path: str(path.relative_to(FOLDER)))
def test_pods_are_fit_for_restricted_namespaces(folder: Path, api_server: ApiServer) -> None:
    """Pod Security "restricted" lets all pods in; the protected ones have the sidecar first, whoever put it there."""
    objects = built(folder)
    spaces = [one for one in objects if one["kind"] == "Namespace"]
    for space in spaces:
        assert space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        assert api_server.apply(space).is_success
    for workload in workloads(objects):
        pod = pod_of(workload)
        if not spaces:
            pod["metadata"]["namespace"] = "plain"
        answer = api_server.create(pod)
        assert answer.is_success, answer.text
        if workload["metadata"]["labels"].get("authz-sidecar/protected") == "true":
            first = "envoy" if folder.name == "agent" else SIDECAR
            assert answer.json()["spec"]["initContainers"][0]["name"] == first


def test_gateway_s_application_has_no_sidecar(api_server: ApiServer) -> None:
    """Behind a gateway the application is left as it is."""
    pod = pod_of(the(built(FOLDER / "overlays/gateway"), "Deployment", "orders"))
    pod["metadata"]["namespace"] = "plain"
    assert "initContainers" not in api_server.create(pod).json()["spec"]


def test_pinned_pods_are_guaranteed(api_server: ApiServer) -> None:
    """The server itself puts them into the class of which CPUs are given away whole."""
    pod = pod_of(the(built(FOLDER / "overlays/pinned"), "Deployment"))
    pod["metadata"]["namespace"] = "plain"
    made = api_server.create(pod).json()
    assert made["status"]["qosClass"] == "Guaranteed"
