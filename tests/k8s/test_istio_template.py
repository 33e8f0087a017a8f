"""Istio's template adds what the component does."""

import re
from typing import Any

from ruamel.yaml import YAML

from support.manifests import FOLDER, SIDECAR, read

#: An action of Istio's: the pod's annotation of that name, or else this.
_ANNOTATION = re.compile(r"\{\{ annotation \.ObjectMeta `(authz-sidecar/[a-z]+)` `([^`]+)` \}\}")


def _template(**annotations: str) -> Any:  # noqa: ANN401 - any YAML
    (values,) = read(FOLDER / "injection/istio/values.yaml")
    text = values["sidecarInjectorWebhook"]["templates"]["authz"]
    asked: dict[str, str] = {f"authz-sidecar/{name}": value for name, value in annotations.items()}
    made = _ANNOTATION.sub(lambda found: asked.get(found[1], found[2]), text)
    assert "{{" not in made
    return YAML(typ="safe").load(made)["spec"]


def test_container_and_volumes_are_the_component_s() -> None:
    """Without annotations it is the component's container, image and volumes included."""
    (patch,) = read(FOLDER / "components/sidecar/container.yaml")
    component = patch["spec"]["template"]["spec"]
    (image,) = read(FOLDER / "components/sidecar/kustomization.yaml")[0]["images"]
    component["initContainers"][0]["image"] = f"{image['name']}:{image['newTag']}"
    made = _template()
    assert made["initContainers"][0] == component["initContainers"][0]
    assert made["volumes"] == component["volumes"]


def test_proxy_sees_the_socket_and_nothing_else_of_ours() -> None:
    """What is added to Istio's own container is the folder with the socket."""
    (proxy,) = (one for one in _template()["initContainers"] if one["name"] != SIDECAR)
    assert proxy == {"name": "istio-proxy", "volumeMounts": [{"name": "authz-socket", "mountPath": "/run/authz"}]}


def test_annotations_are_those_of_the_policy() -> None:
    """Image, CPUs and the configuration's name can be said by the pod."""
    made = _template(image="mirror.example/authz:2", cpus="2", policy="strict")
    ours = made["initContainers"][0]
    assert (ours["image"], ours["resources"]["requests"]["cpu"]) == ("mirror.example/authz:2", "2")
    assert made["volumes"][0]["projected"]["sources"][0]["configMap"]["name"] == "strict"
