"""Whom the validating policy refuses, by a real API server."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from support.api_server import ApiServer
from support.manifests import FOLDER, SIDECAR, built, container, pod_of, the
from support.pods import Pod, plain_container, plain_pod


def _protected(overlay: str = "sidecar") -> Pod:
    pod = copy.deepcopy(pod_of(the(built(FOLDER / "overlays" / overlay), "Deployment", "orders")))
    pod["metadata"]["namespace"] = "demanded"
    return pod


@pytest.mark.parametrize("overlay", ["sidecar", "pinned"])
def test_pods_with_the_sidecar(overlay: str, api_server: ApiServer) -> None:
    """What the components make is let in."""
    answer = api_server.create(_protected(overlay))
    assert answer.is_success, answer.text


def test_injected_pods(api_server: ApiServer) -> None:
    """What the mutating policy made is looked at after it, and let in."""
    answer = api_server.create(plain_pod("both"))
    assert answer.is_success, answer.text


def test_injected_by_digest(api_server: ApiServer) -> None:
    """A digest is as good as a tag."""
    pod = plain_pod("both", image=f"ext-authz-sidecar@sha256:{'a' * 64}")
    assert api_server.create(pod).is_success


def _without(pod: Pod) -> None:
    pod["spec"]["initContainers"].pop(0)


def _no_sidecar_but_a_task(pod: Pod) -> None:
    del container(pod["spec"], SIDECAR)["restartPolicy"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        del container(pod["spec"], SIDECAR)[probe]


def _another_of_that_name(pod: Pod) -> None:
    _without(pod)
    pod["spec"]["containers"].append(plain_container(SIDECAR))


def _another_image(pod: Pod) -> None:
    container(pod["spec"], SIDECAR)["image"] = "evil.example/ext-authz-sidecar:0.1.0"


def _image_that_begins_alike(pod: Pod) -> None:
    container(pod["spec"], SIDECAR)["image"] = "ext-authz-sidecar-evil:0.1.0"


def _another_command(pod: Pod) -> None:
    container(pod["spec"], SIDECAR)["command"] = ["/opt/authz/bin/python", "-c", "pass"]


def _other_arguments(pod: Pod) -> None:
    container(pod["spec"], SIDECAR)["args"] = ["serve", "--config", "/run/authz/mine.yaml"]


def _a_hook(pod: Pod) -> None:
    container(pod["spec"], SIDECAR)["lifecycle"] = {
        "postStart": {"exec": {"command": ["/opt/authz/bin/python", "-c", "1"]}}
    }


def _environment(pod: Pod) -> None:
    container(pod["spec"], SIDECAR)["env"] = [{"name": "AUTHZ_POLICY_FOLDER", "value": "/run/authz"}]


def _environment_by_the_map(pod: Pod) -> None:
    container(pod["spec"], SIDECAR)["envFrom"] = [{"configMapRef": {"name": "mine"}}]


def _over_its_files(pod: Pod) -> None:
    container(pod["spec"], SIDECAR)["volumeMounts"].append({"name": "authz-socket", "mountPath": "/opt/authz"})


def _a_part_of_a_volume(pod: Pod) -> None:
    container(pod["spec"], SIDECAR)["volumeMounts"][0]["subPath"] = "mine"


def _configured_by_a_neighbour(pod: Pod) -> None:
    pod["spec"]["volumes"] = [one for one in pod["spec"]["volumes"] if one["name"] != "authz-config"]
    pod["spec"]["volumes"].append({"name": "authz-config", "emptyDir": {}})


def _configured_by_the_pod_itself(pod: Pod) -> None:
    (volume,) = (one for one in pod["spec"]["volumes"] if one["name"] == "authz-config")
    field = {"path": "authz.yaml", "fieldRef": {"fieldPath": "metadata.annotations['mine']"}}
    volume["projected"]["sources"] = [{"downwardAPI": {"items": [field]}}]


def _a_socket_that_lasts(pod: Pod) -> None:
    (volume,) = (one for one in pod["spec"]["volumes"] if one["name"] == "authz-socket")
    del volume["emptyDir"]
    volume["persistentVolumeClaim"] = {"claimName": "mine"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_without, "must have the container authz-sidecar among initContainers"),
        (_no_sidecar_but_a_task, "with restartPolicy Always"),
        (_another_of_that_name, "must have the container authz-sidecar among initContainers"),
        (_another_image, "the image of authz-sidecar must be of one of: ext-authz-sidecar ("),
        (_image_that_begins_alike, "the image of authz-sidecar must be of one of"),
        (_another_command, "must have no command"),
        (_other_arguments, "no args but serve --config"),
        (_a_hook, "must have no command, lifecycle"),
        (_environment, "of environment variables only AUTHZ_SERVERS"),
        (_environment_by_the_map, "must have no envFrom"),
        (_over_its_files, "must mount authz-config at /etc/authz"),
        (_a_part_of_a_volume, "must mount authz-config at /etc/authz"),
        (_configured_by_a_neighbour, "must be projected, of ConfigMaps and Secrets alone"),
        (_configured_by_the_pod_itself, "must be projected, of ConfigMaps and Secrets alone"),
        (_a_socket_that_lasts, "authz-socket and authz-admin emptyDirs"),
    ],
)
def test_refused(change: Callable[[Pod], None], says: str, api_server: ApiServer) -> None:
    """A pod without the sidecar, or with one that is none, is refused; the answer says what is missing."""
    pod = _protected()
    change(pod)
    answer = api_server.create(pod)
    assert answer.status_code == 403, answer.text
    assert says in answer.json()["message"]
    # Nobody but that policy minds.
    pod["metadata"]["namespace"] = "plain"
    assert api_server.create(pod).is_success


def test_opting_out_is_not_the_pod_s_to_decide(api_server: ApiServer) -> None:
    """It counts where the namespace lets it, and is refused where not."""
    assert api_server.create(plain_pod("both", inject="false")).status_code == 403
    answer = api_server.create(plain_pod("excusing", inject="false"))
    assert answer.is_success
    assert "initContainers" not in answer.json()["spec"]


def test_mirrors_are_the_nodes_alone(api_server: ApiServer) -> None:
    """Whoever is no node gets no pod past by calling it a node's."""
    pod = plain_pod("demanded")
    pod["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "hash"
    pod["spec"]["nodeName"] = "node-1"
    assert api_server.create(pod).status_code == 403


def _stored(server: ApiServer, pod: Pod) -> Any:  # noqa: ANN401 - as the API has it
    answer = server.create(pod, dry_run=False)
    assert answer.is_success, answer.text
    return answer.json()


def test_image_cannot_be_exchanged_later(api_server: ApiServer) -> None:
    """Of a pod that exists the image may change to one of the sidecar's, and to no other; labels may."""
    stored = _stored(api_server, _protected())
    try:
        stored["metadata"]["labels"]["another"] = "label"
        stored = api_server.replace(stored).raise_for_status().json()
        container(stored["spec"], SIDECAR)["image"] = "ext-authz-sidecar:0.1.1"
        stored = api_server.replace(stored).raise_for_status().json()
        container(stored["spec"], SIDECAR)["image"] = "evil.example/other:1"
        assert api_server.replace(stored).status_code == 403
    finally:
        api_server.delete(stored)


def test_pods_from_before_can_be_changed_and_can_end(api_server: ApiServer) -> None:
    """A namespace that begins to demand the sidecar does not hold on to pods without it."""
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "later"}}
    assert api_server.apply(space).is_success
    stored = _stored(api_server, plain_pod("later"))
    assert api_server.apply(
        {**space, "metadata": {"name": "later", "labels": {"authz-sidecar/enforce": "true"}}}
    ).is_success
    stored["metadata"]["labels"] = {"a": "b"}
    assert api_server.replace(stored).is_success
    assert api_server.delete(stored).is_success
