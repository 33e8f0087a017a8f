"""The node agent's manifests fit together: tenant, ports, certificates, times; and what is privileged is apart."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from sidecar.cli.envoy import envoy
from sidecar.keys.signing import generate, key_set_document
from sidecar.loading.load import Configuration, load_configuration
from sidecar.loading.variables import CONFINED_TO
from sidecar.runtime.agent.rules import problems, wanted
from sidecar.runtime.agent.workloads import NAME
from support.manifests import FOLDER, built, container, pod_of, read, the
from support.pages import blocks

_TENANT = FOLDER / "components/example-tenant"
_NAME = "shop.orders"
_HOST = "shop-orders.authz-agent.svc.cluster.local"
_PRIVILEGED = {"hostPath", "hostNetwork", "hostPID", "hostIPC", "hostPort", "privileged"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the example's tenant, in a folder of its name, with the files of its Secret."""
    folder = tmp_path / _NAME
    folder.mkdir()
    (folder / "jwks.json").write_text(key_set_document([generate()]), encoding="utf-8")
    for name in ("tls.crt", "tls.key", "ca.crt"):
        (folder / name).touch()
    return Path(shutil.copy(_TENANT / "authz.yaml", folder / "authz.yaml"))


@pytest.fixture
def loaded(config: Path) -> Configuration:
    """Return it, as the agent's processes read it."""
    return load_configuration(config, {CONFINED_TO: str(config.parent)})


def _agent() -> Any:  # noqa: ANN401 - any YAML
    return read(FOLDER / "agent/daemonset.yaml")[0]["spec"]


def test_example_is_a_tenant(loaded: Configuration) -> None:
    """The agent takes it: it names no file but its own, and says who may ask."""
    assert list(problems(loaded.settings, Path("/run/authz") / _NAME)) == []
    assert NAME.fullmatch(_NAME)


def test_port_is_the_tenant_s_own(loaded: Configuration) -> None:
    """Service and NetworkPolicy are about the port on which it listens, for its workload, on the node of who asks."""
    (service,), (policy,) = read(_TENANT / "service.yaml"), read(_TENANT / "networkpolicy.yaml")
    (port,) = service["spec"]["ports"]
    assert wanted(loaded.settings) == (f"0.0.0.0:{port['targetPort']}",)
    assert port["port"] == port["targetPort"]
    assert service["spec"]["internalTrafficPolicy"] == "Local"
    labels = _agent()["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == policy["spec"]["podSelector"]["matchLabels"] == labels
    (rule,) = policy["spec"]["ingress"]
    assert [one["port"] for one in rule["ports"]] == [port["port"]]
    (peer,) = rule["from"]
    namespace = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    account = peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"]
    assert f"{namespace}.{account}" == _NAME
    assert loaded.settings.tls is not None
    assert loaded.settings.tls.client_names == [f"spiffe://cluster.local/ns/{namespace}/sa/{account}"]


def test_folder_has_the_tenant_s_name() -> None:
    """What is mounted below the agent's folder is the tenant, of its ConfigMap and Secret; and it may be missing."""
    ours = container(_agent()["template"]["spec"], "agent")
    spec = read(_TENANT / "volume.yaml")[0]["spec"]["template"]["spec"]
    (mount,) = container(spec, "agent")["volumeMounts"]
    tenants = ours["args"][ours["args"].index("--tenants") + 1]
    assert mount["mountPath"] == f"{tenants}/{_NAME}"
    (volume,) = spec["volumes"]
    assert volume["name"] == mount["name"]
    (generated,) = read(_TENANT / "kustomization.yaml")[0]["configMapGenerator"]
    sources = [one for source in volume["projected"]["sources"] for one in source.values()]
    assert sources == [{"name": generated["name"], "optional": True}] * 2
    folders = {one["mountPath"] for one in ours["volumeMounts"]}
    assert {ours["args"][ours["args"].index(name) + 1] for name in ("--tenants", "--sockets", "--run")} == folders


def test_everything_ends_within_the_pod_s_grace(loaded: Configuration) -> None:
    """The wait, the longest checks and some seconds to spare fit; a successor is there first."""
    spec = _agent()
    waits = container(spec["template"]["spec"], "agent")["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace = spec["template"]["spec"]["terminationGracePeriodSeconds"]
    assert waits + loaded.settings.shutdown_grace_seconds + 5 < grace
    assert spec["updateStrategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_envoy_s_side_is_what_is_generated(config: Path) -> None:
    """It is made of the tenant's (make k8s-envoy): it asks the Service, shows a certificate and wants one."""
    command = ["config", "--config", str(config), "--listener", "0.0.0.0:8080", "--upstream", "127.0.0.1:8081"]
    reached = ["--sidecar-address", _HOST, "--sidecar-name", _HOST, "--secrets", "/etc/envoy"]
    made = CliRunner().invoke(envoy, [*command, *reached])
    assert made.exit_code == 0, made.output
    folder = FOLDER / "overlays/agent"
    assert YAML(typ="safe").load(made.stdout) == read(folder / "envoy.yaml")[0]
    files = read(folder / "kustomization.yaml")[0]["configMapGenerator"][0]["files"]
    (patch,) = read(folder / "certificates.yaml")
    (mount,) = container({"containers": [], **patch["spec"]["template"]["spec"]}, "envoy")["volumeMounts"]
    for name in set(files) - {"envoy.yaml"}:
        named = [one for one in _strings(json.loads((folder / name).read_text("utf-8"))) if one.startswith("/")]
        assert {str(Path(one).parent) for one in named if Path(one).suffix} == {mount["mountPath"]}


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(one)


def _names(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _names(one)


def test_node_s_folders_are_in_one_place() -> None:
    """Nothing but the component for sockets wants anything of the node's: clients of ports neither."""
    # The chart's templates are no YAML; what comes of them is looked at in test_chart.
    manifests = [path for path in FOLDER.rglob("*.yaml") if path.name != "envoy.yaml" and "templates" not in path.parts]
    # What the chart has is a link to the very same file.
    files = {path.resolve() for path in manifests if _PRIVILEGED & set(_names(read(path)))}
    assert files == {FOLDER / "components/agent-sockets/sockets.yaml"}


def test_sockets_take_a_privileged_namespace() -> None:
    """The folder is the node's, for both agents of an update; without it nothing is privileged."""
    label = "pod-security.kubernetes.io/enforce"
    for folder, level, kind in (("agent", "restricted", "emptyDir"), ("agent-sockets", "privileged", "hostPath")):
        objects = built(FOLDER / folder)
        assert the(objects, "Namespace")["metadata"]["labels"][label] == level
        spec = pod_of(the(objects, "DaemonSet"))["spec"]
        (sockets,) = (one for one in spec["volumes"] if one["name"] == "sockets")
        assert sockets.keys() == {"name", kind}
    assert container(spec, "agent")["securityContext"]["runAsUser"] == 65531
    assert container(spec, "folder")["securityContext"]["capabilities"] == {"add": ["CHOWN", "FOWNER"], "drop": ["ALL"]}


def test_clients_mount_their_own_folder_alone() -> None:
    """What the page says for pods that use sockets: the tenant's folder of those that the agent makes, read-only."""
    (block,) = (one for one in blocks() if one.page == FOLDER / "README.md" and "volumeMounts" in one.text)
    shown = YAML(typ="safe").load(block.text)
    (mount,), (volume,) = shown["volumeMounts"], shown["volumes"]
    spec = read(FOLDER / "components/agent-sockets/sockets.yaml")[0]["spec"]["template"]["spec"]
    (ours,) = (one["hostPath"]["path"] for one in spec["volumes"])
    assert volume["hostPath"] == {"path": f"{ours}/{_NAME}", "type": "Directory"}
    assert mount == {"name": volume["name"], "mountPath": f"{ours}/{_NAME}", "readOnly": True}


def test_versions_are_those_of_the_sidecar() -> None:
    """The agent's image is the sidecar's."""
    wanted_image = read(FOLDER / "components/sidecar/kustomization.yaml")[0]["images"]
    for folder in ("agent", "agent-sockets"):
        assert read(FOLDER / folder / "kustomization.yaml")[0]["images"] == wanted_image
