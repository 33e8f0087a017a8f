"""What the mutating policy makes of pods, by a real API server."""

import copy
from typing import Any

import pytest

from support.api_server import ApiServer
from support.manifests import FOLDER, SIDECAR, Object, built, container, pod_of, the
from support.pods import Pod, plain_container, plain_pod
from support.processes import eventually


def _created(server: ApiServer, pod: Object) -> Any:  # noqa: ANN401 - a pod's spec
    answer = server.create(pod)
    assert answer.is_success, answer.text
    return answer.json()["spec"]


def _names(spec: Object) -> list[str]:
    return [one["name"] for one in spec.get("initContainers", ())]


def test_gets_what_the_component_adds(api_server: ApiServer) -> None:
    """Container and volumes are those that k8s/components/sidecar adds, and nothing else changes."""
    injected = _created(api_server, plain_pod("injected"))
    workload = the(built(FOLDER / "overlays/sidecar"), "Deployment")
    made = pod_of(workload)
    made["metadata"]["namespace"] = "plain"
    component = _created(api_server, made)
    assert container(injected, SIDECAR) == container(component, SIDECAR)
    volumes = {one["name"]: one for one in component["volumes"]}
    for one in injected["volumes"]:
        if one["name"] == "authz-config":
            # There the name has a hash.
            sources = volumes["authz-config"]["projected"]["sources"]
            assert sources[0]["configMap"]["name"].startswith("authz-config-")
            sources[0]["configMap"]["name"] = "authz-config"
        assert one == volumes[one["name"]]
    assert [one["name"] for one in injected["volumes"]] == ["authz-config", "authz-socket", "authz-admin"]
    untouched = _created(api_server, plain_pod("plain"))
    added = {"initContainers", "volumes"}
    assert {name: value for name, value in injected.items() if name not in added} == untouched


def test_is_first_of_all_init_containers(api_server: ApiServer) -> None:
    """Others stay as they are, in their order, and what there was of volumes too."""
    pod = plain_pod("injected")
    pod["spec"]["volumes"] = [{"name": "own", "emptyDir": {}}]
    pod["spec"]["initContainers"] = [plain_container("migrate"), plain_container("logs", restartPolicy="Always")]
    spec = _created(api_server, pod)
    assert _names(spec) == [SIDECAR, "migrate", "logs"]
    assert [one["name"] for one in spec["volumes"]] == ["own", "authz-config", "authz-socket", "authz-admin"]
    pod["metadata"]["namespace"] = "plain"
    assert spec["initContainers"][1:] == _created(api_server, pod)["initContainers"]


@pytest.mark.parametrize("mounts", [None, [{"name": "own", "mountPath": "/own"}]])
@pytest.mark.parametrize("place", ["containers", "initContainers"])
def test_envoy_sees_the_socket(place: str, mounts: list[Any] | None, api_server: ApiServer) -> None:
    """Envoy's container gets the folder with the socket, wherever it is, and no other container does."""
    pod = plain_pod("injected")
    pod["spec"]["volumes"] = [{"name": "own", "emptyDir": {}}]
    more: dict[str, Any] = {} if mounts is None else {"volumeMounts": mounts}
    if place == "initContainers":
        more["restartPolicy"] = "Always"
    pod["spec"].setdefault(place, []).append(plain_container("envoy", **more))
    spec = _created(api_server, pod)
    socket = {"name": "authz-socket", "mountPath": "/run/authz"}
    assert container(spec, "envoy")["volumeMounts"] == [*(mounts or ()), socket]
    assert "volumeMounts" not in container(spec, "app")


def test_envoy_by_another_name(api_server: ApiServer) -> None:
    """An annotation says which container Envoy is."""
    pod = plain_pod("injected", envoy="proxy")
    pod["spec"]["containers"] += [plain_container("envoy"), plain_container("proxy")]
    spec = _created(api_server, pod)
    assert "volumeMounts" not in container(spec, "envoy")
    assert container(spec, "proxy")["volumeMounts"][0]["mountPath"] == "/run/authz"


def test_annotations_say_what_is_injected(api_server: ApiServer) -> None:
    """Image, whole CPUs and the name of the configuration are the pod's to choose."""
    pod = plain_pod("injected", image="mirror.example/ext-authz-sidecar:2", cpus="2", policy="strict")
    spec = _created(api_server, pod)
    ours = container(spec, SIDECAR)
    assert ours["image"] == "mirror.example/ext-authz-sidecar:2"
    assert ours["resources"]["requests"] == ours["resources"]["limits"] == {"cpu": "2", "memory": "384Mi"}
    assert spec["volumes"][0]["projected"]["sources"][0] == {"configMap": {"name": "strict"}}


def test_wrong_number_of_cpus_is_refused(api_server: ApiServer) -> None:
    """What is no quantity makes no pod, and the answer names the field."""
    answer = api_server.create(plain_pod("injected", cpus="two"))
    assert not answer.is_success
    assert "quantit" in answer.text


def _opted_out(pod: Pod) -> None:
    pod["metadata"]["annotations"]["authz-sidecar/inject"] = "false"


def _on_the_node_s_network(pod: Pod) -> None:
    pod["metadata"]["namespace"] = "open"
    pod["spec"]["hostNetwork"] = True


def _has_one_of_that_name(pod: Pod) -> None:
    pod["spec"]["containers"].append(plain_container(SIDECAR))


def _has_one_already(pod: Pod) -> None:
    pod["spec"]["initContainers"] = [plain_container("first"), plain_container(SIDECAR, restartPolicy="Always")]


def _for_windows(pod: Pod) -> None:
    pod["metadata"]["namespace"] = "open"
    pod["spec"] = {"os": {"name": "windows"}, "containers": [{"name": "app", "image": "app:1"}]}


def _a_mirror(pod: Pod) -> None:
    pod["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "hash"
    pod["spec"]["nodeName"] = "node-1"


@pytest.mark.parametrize(
    "change", [_opted_out, _on_the_node_s_network, _has_one_of_that_name, _has_one_already, _for_windows, _a_mirror]
)
def test_leaves_alone(change: Any, api_server: ApiServer) -> None:  # noqa: ANN401 - one of those above
    """Who opted out, has it already, or cannot have it, is created as it is anywhere else."""
    space = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "open", "labels": {"authz-sidecar/inject": "enabled"}},
    }
    assert api_server.apply(space).is_success
    pod = plain_pod("injected")
    change(pod)
    spec = _created(api_server, pod)
    elsewhere = copy.deepcopy(pod)
    elsewhere["metadata"]["namespace"] = "default"
    assert spec == _created(api_server, elsewhere)


def test_what_comes_out_goes_in_again_as_it_is(api_server: ApiServer) -> None:
    """A pod that was injected once is not changed by being injected once more."""
    pod = plain_pod("injected")
    once = _created(api_server, pod)
    pod["spec"] = copy.deepcopy(once)
    assert _created(api_server, pod) == once


_OTHER = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "MutatingAdmissionPolicy",
    "metadata": {"name": "another"},
    "spec": {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "IfNeeded",
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"authz-sidecar/inject": "enabled"}},
            "resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
            ],
        },
        "matchConditions": [
            {"name": "once", "expression": "!object.spec.?initContainers.orValue([]).exists(c, c.name == 'another')"}
        ],
        "mutations": [
            {
                "patchType": "JSONPatch",
                "jsonPatch": {
                    "expression": "(has(object.spec.initContainers) ? [] :"
                    " [JSONPatch{op: 'add', path: '/spec/initContainers', value: []}])"
                    " + [JSONPatch{op: 'add', path: '/spec/initContainers/0', value: Object.spec.initContainers{"
                    "name: 'another', image: 'another:1', restartPolicy: 'Always',"
                    " securityContext: Object.spec.initContainers.securityContext{allowPrivilegeEscalation: false,"
                    " capabilities: Object.spec.initContainers.securityContext.capabilities{drop: ['ALL']}}}}]"
                },
            }
        ],
    },
}


def test_beside_another_policy_that_injects(api_server: ApiServer) -> None:
    """Whatever else is injected, and in which order: the sidecar is there once."""
    binding = {
        "apiVersion": _OTHER["apiVersion"],
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": "another"},
        "spec": {"policyName": "another"},
    }
    try:
        for one in (_OTHER, binding):
            assert api_server.apply(one).is_success
        assert eventually(lambda: "another" in _names(_created(api_server, plain_pod("injected"))))
        assert sorted(_names(_created(api_server, plain_pod("injected")))) == ["another", SIDECAR]
    finally:
        for one in (binding, _OTHER):
            api_server.delete(one)
        assert eventually(lambda: _names(_created(api_server, plain_pod("injected"))) == [SIDECAR])


def test_nothing_comes_up_without_settings(api_server: ApiServer) -> None:
    """Where nobody says what is to be injected, no pod is let in that should have it; others are."""
    settings = the(built(FOLDER / "injection"), "ConfigMap")
    try:
        assert api_server.delete(settings).is_success
        assert eventually(lambda: not api_server.create(plain_pod("injected")).is_success)
        assert api_server.create(plain_pod("plain")).is_success
    finally:
        assert api_server.apply(settings).is_success
        assert eventually(lambda: api_server.create(plain_pod("injected")).is_success)
