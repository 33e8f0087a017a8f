"""The Helm chart makes what the kustomizations make, of the same files."""

import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support.api_server import ApiServer
from support.charts import CHART, helm, rendered
from support.manifests import FOLDER, Object, built, read, the
from support.pages import blocks

_GATEWAY = (
    *("--set", "gateway.enabled=true", "--set", "injection.enabled=false", "--set", "enforcement.enabled=false"),
    *("--set-file", f"gateway.config={FOLDER / 'components/example/authz.yaml'}"),
    *("--set-file", f"gateway.envoy={FOLDER / 'overlays/gateway/envoy.yaml'}"),
    *("--set", r"gateway.upstream.podLabels.app\.kubernetes\.io/name=orders"),
)
#: A backslash, for --set: the dot is the name's.
_TENANT = r"agent.tenants.shop\.orders"
_FROM = (
    '[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"shop"}},'
    '"podSelector":{"matchLabels":{"app.kubernetes.io/name":"orders"}}}]'
)
_WITHOUT_PORT = (
    *("--set", "agent.enabled=true", "--set", "injection.enabled=false", "--set", "enforcement.enabled=false"),
    *("--set-file", f"{_TENANT}.config={FOLDER / 'components/example-tenant/authz.yaml'}"),
)
_AGENT = (*_WITHOUT_PORT, "--set", f"{_TENANT}.port=9443", "--set-json", f"{_TENANT}.from={_FROM}")
_MONITORING = ("--set", "monitoring.enabled=true")
#: What Helm's own tools see to, and kustomize's hashes.
_LABELS = ("app.kubernetes.io/managed-by", "app.kubernetes.io/part-of", "helm.sh/chart")


def _plain(one: Object) -> Object:
    """Return an object without what the two ways of making it name differently."""
    found: Any = _folded(one)
    metadata = found["metadata"]
    metadata["labels"] = {name: value for name, value in metadata.get("labels", {}).items() if name not in _LABELS}
    metadata.pop("namespace", None)
    for emptied in ("labels", "annotations"):
        if not metadata.get(emptied):
            metadata.pop(emptied, None)
    metadata["name"] = _unhashed(metadata["name"])
    if found["kind"] in {"Deployment", "DaemonSet"}:
        spec = found["spec"]["template"]["spec"]
        spec.setdefault("volumes", []).sort(key=lambda volume: volume["name"])
        for container in spec["containers"]:
            container.get("volumeMounts", []).sort(key=lambda mount: mount["mountPath"])
        for volume in spec["volumes"]:
            for each in (volume, *volume.get("projected", {}).get("sources", ())):
                if "configMap" in each:
                    each["configMap"]["name"] = _unhashed(each["configMap"]["name"])
    return found  # type: ignore[no-any-return]


def _folded(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a copy in which several ends of lines are one: kustomize writes more of them into folded texts."""
    if isinstance(value, dict):
        return {key: _folded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_folded(one) for one in value]
    return re.sub(r"\n+", "\n", value) if isinstance(value, str) else value


def _unhashed(name: str) -> str:
    return re.sub(r"^((authz|envoy)-config)-[0-9a-z]{10}$", r"\1", name)


def _by_name(objects: Sequence[Object]) -> dict[tuple[str, str], Object]:
    return {(one["kind"], one["metadata"]["name"]): one for one in map(_plain, objects)}


def test_lint() -> None:
    """Helm finds nothing to say of it, whatever is switched on."""
    for arguments in ((), _GATEWAY, _AGENT, (*_AGENT, "--set", "agent.sockets=true"), _MONITORING):
        done = helm("lint", "--strict", str(CHART), *arguments)
        assert done.returncode == 0, done.stdout


def test_injection_is_that_of_kustomize() -> None:
    """Policies, bindings and settings: all but the namespace, which is the release's."""
    expected = _by_name(built(FOLDER / "injection"))
    del expected["Namespace", "authz-system"]
    assert _by_name(rendered()) == expected


def test_injection_in_another_namespace() -> None:
    """Everything that names the settings names them there."""
    objects = rendered(namespace="elsewhere")
    assert "authz-system" not in str(objects)
    assert the(objects, "ConfigMap")["metadata"]["namespace"] == "elsewhere"
    for kind in ("MutatingAdmissionPolicyBinding", "ValidatingAdmissionPolicyBinding"):
        assert the(objects, kind)["spec"]["paramRef"]["namespace"] == "elsewhere"


def test_gateway_is_that_of_the_overlay() -> None:
    """With the example's configuration, object by object."""
    expected = {
        key: one
        for key, one in _by_name(built(FOLDER / "overlays/gateway")).items()
        if key[1] == "gateway" or key[0] == "ConfigMap"
    }
    found = _by_name(rendered(*_GATEWAY, namespace="shop"))
    assert found.keys() == expected.keys()
    for key, one in expected.items():
        assert found[key] == one, key


@pytest.mark.parametrize(("folder", "more"), [("agent", ()), ("agent-sockets", ("--set", "agent.sockets=true"))])
def test_agent_is_that_of_the_kustomization(folder: str, more: tuple[str, ...]) -> None:
    """With the example's tenant, object by object: all but the namespace, which is the release's."""
    expected = _by_name(built(FOLDER / folder))
    del expected["Namespace", "authz-agent"]
    found = _by_name(rendered(*_AGENT, *more, namespace="authz-agent"))
    assert found.keys() == expected.keys()
    for key, one in expected.items():
        assert found[key] == one, key


def test_values_of_the_page(tmp_path: Path) -> None:
    """What k8s/README.md shows makes the example's agent."""
    (block,) = (one for one in blocks() if one.language == "yaml" and "agent:\n  enabled: true" in one.text)
    values = tmp_path / "agent.yaml"
    values.write_text(block.text, encoding="utf-8")
    config = f"{_TENANT}.config={FOLDER / 'components/example-tenant/authz.yaml'}"
    assert rendered("--values", str(values), "--set-file", config) == rendered(*_AGENT)


def test_tenants_of_the_agent() -> None:
    """Each has its folder, and of what its configuration names its Secret; its port and pods, or none of it."""
    other, sockets = r"agent.tenants.shop\.baskets", r"agent.tenants.pay\.till"
    more = (
        *("--set", f"{other}.config=x", "--set", f"{other}.port=9444", "--set", f"{other}.keys=of-baskets"),
        *("--set-json", f'{other}.from=[{{"podSelector":{{}}}}]', "--set", f"{sockets}.config=y"),
        *(
            "--set",
            "agent.sockets=true",
            "--set",
            "agent.metricsFrom=watch",
            "--set",
            "agent.resources.limits.memory=2Gi",
        ),
        *("--set-json", 'agent.egress=[{"ports":[{"protocol":"TCP","port":6379}]}]'),
        *(
            "--set",
            "image.repository=images.example/authz",
            "--set",
            "image.tag=1.2.3",
            "--set",
            "image.pullPolicy=Never",
        ),
    )
    objects = rendered(*_AGENT, *more, namespace="authz-agent")
    spec = the(objects, "DaemonSet")["spec"]["template"]["spec"]
    (agent,) = spec["containers"]
    mounted = {mount["mountPath"]: mount for mount in agent["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    for name, secret in (("shop.orders", None), ("shop.baskets", "of-baskets"), ("pay.till", None)):
        mount = mounted[f"/etc/authz/tenants/{name}"]
        sources = volumes[mount["name"]]["projected"]["sources"]
        default = f"tenant-{mount['name']}"
        assert mount["name"] == name.replace(".", "-")
        assert mount["readOnly"] is True
        assert [source[kind]["name"] for source, kind in zip(sources, ("configMap", "secret"), strict=True)] == [
            default,
            secret or default,
        ]
        assert all(source[kind]["optional"] for source, kind in zip(sources, ("configMap", "secret"), strict=True))
        assert "authz.yaml" in the(objects, "ConfigMap", default)["data"]
    assert {one["metadata"]["name"] for one in objects if one["kind"] == "Service"} == {"shop-orders", "shop-baskets"}
    assert the(objects, "Service", "shop-baskets")["spec"]["ports"][0]["targetPort"] == 9444
    (rule,) = the(objects, "NetworkPolicy", "tenant-shop-baskets")["spec"]["ingress"]
    assert rule == {"from": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": 9444}]}
    policy = the(objects, "NetworkPolicy", "authz-agent")["spec"]
    assert policy["ingress"][0]["from"][0]["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "watch"
    }
    assert [rule["ports"][0]["port"] for rule in policy["egress"]] == [6379]
    assert agent["resources"] == {"limits": {"memory": "2Gi"}}
    for container in (agent, *spec["initContainers"]):
        assert (container["image"], container["imagePullPolicy"]) == ("images.example/authz:1.2.3", "Never")


def test_another_configuration_is_another_name(tmp_path: Path) -> None:
    """So that it is a rollout; what the pods mount is what is there."""
    config = tmp_path / "authz.yaml"
    config.write_text((FOLDER / "components/example/authz.yaml").read_text("utf-8") + "# more\n", encoding="utf-8")
    names = []
    for more in ((), ("--set-file", f"gateway.config={config}")):
        objects = rendered(*_GATEWAY, *more, namespace="shop")
        there = {one["metadata"]["name"] for one in objects if one["kind"] == "ConfigMap"}
        volumes = the(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
        sources = [source for volume in volumes for source in (volume, *volume.get("projected", {}).get("sources", ()))]
        assert {source["configMap"]["name"] for source in sources if "configMap" in source} == there
        names.append(there)
    assert len(names[0] & names[1]) == 1


def test_monitoring_is_that_of_the_component() -> None:
    """Dashboards are the same to the byte."""
    folder = FOLDER / "monitoring"
    objects = rendered(*_MONITORING, "--set", "injection.enabled=false,enforcement.enabled=false")
    dashboards = {name: text for one in objects if one["kind"] == "ConfigMap" for name, text in one["data"].items()}
    assert dashboards == {file.name: file.read_text("utf-8") for file in (folder / "dashboards").glob("*.json")}
    for kind, name in (("PodMonitor", "podmonitor"), ("PrometheusRule", "prometheusrule")):
        assert _plain(the(objects, kind)) == _plain(read(folder / f"{name}.yaml")[0])


def test_values_are_those_of_the_pods() -> None:
    """Each is seen where it belongs."""
    more = (
        *("--set", "image.repository=images.example/authz", "--set", "image.tag=1.2.3"),
        *("--set", "image.pullPolicy=Never", "--set", "gateway.replicas=5", "--set", "gateway.keys=other-keys"),
        *("--set", "gateway.envoyImage=images.example/envoy:v1", "--set", "gateway.upstream.port=9000"),
        *("--set", "gateway.sidecarResources.limits.memory=1Gi", "--set", "gateway.envoyResources.limits.memory=2Gi"),
        *("--set-json", 'gateway.egress=[{"ports":[{"protocol":"TCP","port":6379}]}]'),
        *("--set", "monitoring.enabled=true", "--set", "monitoring.labels.release=prometheus"),
        *("--set", "monitoring.namespace=monitoring", "--set", "injection.enabled=true", "--set", "injection.cpu=1"),
        *("--set", "injection.memory=1Gi", "--set", "injection.policy=p", "--set", "injection.keys=k"),
        *("--set", "enforcement.repositories={mirror.example/authz}"),
    )
    objects = rendered(*_GATEWAY, *more, namespace="shop")
    deployment = the(objects, "Deployment")["spec"]
    sidecar, envoy = (
        deployment["template"]["spec"]["initContainers"][0],
        deployment["template"]["spec"]["containers"][0],
    )
    assert (sidecar["image"], sidecar["imagePullPolicy"]) == ("images.example/authz:1.2.3", "Never")
    assert (sidecar["resources"], envoy["resources"]) == ({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "2Gi"}})
    assert (envoy["image"], deployment["replicas"]) == ("images.example/envoy:v1", 5)
    assert "other-keys" in str(deployment["template"]["spec"]["volumes"])
    egress = the(objects, "NetworkPolicy")["spec"]["egress"]
    assert [rule["ports"][0]["port"] for rule in egress] == [53, 9000, 6379]
    monitor = the(objects, "PodMonitor")["metadata"]
    assert (monitor["labels"]["release"], monitor["namespace"]) == ("prometheus", "monitoring")
    assert the(objects, "ConfigMap", "authz-sidecar-injection")["data"] == {
        "image": "images.example/authz:1.2.3",
        "repositories": "images.example/authz mirror.example/authz",
        "policy": "p",
        "keys": "k",
        "cpu": "1",
        "memory": "1Gi",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "gatway.enabled=true"), "gatway"),
        (("--set", "gateway.replica=3"), "replica"),
        (("--set", "gateway.replicas=0"), "replicas"),
        (("--set", "injection.memory=lots"), "injection.memory"),
        (("--set", "image.tag=a b"), "image.tag"),
        (("--set", "gateway.enabled=true"), "gateway.config: authz.yaml is needed"),
        (("--set", "gateway.enabled=true,gateway.config=x"), "gateway.envoy: Envoy's configuration is needed"),
        (("--set", "gateway.enabled=true,gateway.config=x,gateway.envoy=y"), "gateway.upstream.podLabels"),
        (("--kube-version", "1.33.0"), "kubeVersion"),
        (("--set", "agent.enabled=true"), "agent.tenants: there is none"),
        (("--set", "agent.tenants.orders.port=9443"), "agent.tenants"),
        (("--set", r"agent.tenants.shop\.orders.prot=9443"), "prot"),
        (("--set", r"agent.tenants.shop\.orders.port=80"), "port"),
        (
            ("--set", r"agent.enabled=true,agent.tenants.shop\.orders.port=9443"),
            "shop.orders.config: authz.yaml is needed",
        ),
        ((*_WITHOUT_PORT, "--set", f"{_TENANT}.port=9443"), "agent.tenants.shop.orders.from: "),
        (_WITHOUT_PORT, "agent.tenants.shop.orders.port: it is needed"),
        (
            (*_AGENT, "--set", r"agent.tenants.a\.b-c.config=x,agent.tenants.a-b\.c.config=x,agent.sockets=true"),
            "a-b-c",
        ),
        (
            (
                *(*_AGENT, "--set", r"agent.tenants.a\.b.config=x,agent.tenants.a\.b.port=9443"),
                *("--set-json", rf"agent.tenants.a\.b.from={_FROM}"),
            ),
            "a.b and shop.orders have the same port 9443",
        ),
    ],
)
def test_wrong_values_are_refused(arguments: tuple[str, ...], said: str) -> None:
    """With what is wrong, and nothing is made."""
    version = () if "--kube-version" in arguments else ("--kube-version", "1.37.0")
    done = helm("template", "one", str(CHART), *version, *arguments)
    assert done.returncode != 0
    assert said in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("version", ["1.34", "1.35", "1.36", "1.37"])
def test_valid_by_the_schemas(version: str) -> None:
    """Each object is valid, without a field that this version does not know."""
    schemas: ModuleType = pytest.importorskip("kubernetes_validate", reason="not installed; make test-k8s installs it")
    with_injection = "injection.enabled=" + ("true" if version >= "1.36" else "false")
    arguments = (*_GATEWAY, *_AGENT, "--set", with_injection, "--set", "enforcement.enabled=true", *_MONITORING)
    objects = [
        one
        for one in rendered(*arguments, version=f"{version}.0", namespace="shop")
        if one["kind"] not in {"PodMonitor", "PrometheusRule"}
    ]
    assert len(objects) > 10
    for one in objects:
        schemas.validate(one, version, strict=True)


def test_a_release_s_life(api_server: ApiServer, tmp_path: Path) -> None:
    """Installed, upgraded to another configuration, rolled back and removed, at a real API server."""
    access = tmp_path / "kubeconfig"
    access.touch(0o600)
    access.write_text(api_server.kubeconfig(), encoding="utf-8")
    config = tmp_path / "authz.yaml"
    config.write_text((FOLDER / "components/example/authz.yaml").read_text("utf-8") + "# more\n", encoding="utf-8")

    def run(*arguments: str) -> None:
        done = helm(*arguments, "--namespace", "plain", "--kubeconfig", str(access))
        assert done.returncode == 0, done.stderr

    def there(version: str, kind: str, name: str) -> Any:  # noqa: ANN401 - any JSON
        """Return an object of the release's namespace, or the API's Status that says why not."""
        metadata = {"name": name, "namespace": "plain"}
        return api_server.read({"apiVersion": version, "kind": kind, "metadata": metadata}).json()

    def mounted() -> str:
        deployment = there("apps/v1", "Deployment", "gateway")
        (volume,) = (one for one in deployment["spec"]["template"]["spec"]["volumes"] if one["name"] == "authz-config")
        name = str(volume["projected"]["sources"][0]["configMap"]["name"])
        assert "authz.yaml" in there("v1", "ConfigMap", name)["data"]
        return name

    run("install", "one", str(CHART), *_GATEWAY)
    first = mounted()
    run("upgrade", "one", str(CHART), *_GATEWAY, "--set-file", f"gateway.config={config}")
    second = mounted()
    assert second != first
    # Pods that are still of the first release can start again.
    assert there("v1", "ConfigMap", first)["immutable"] is True
    run("rollback", "one", "1")
    assert mounted() == first
    run("upgrade", "one", str(CHART), *_GATEWAY, "--set", "gateway.replicas=3")
    assert mounted() == first
    assert there("v1", "ConfigMap", second)["reason"] == "NotFound"
    run("uninstall", "one")
    assert there("apps/v1", "Deployment", "gateway")["reason"] == "NotFound"


def test_what_is_packaged_is_whole(tmp_path: Path) -> None:
    """A package has the files that the chart only points to."""
    done = helm("package", str(CHART), "--destination", str(tmp_path))
    assert done.returncode == 0, done.stderr
    (package,) = tmp_path.glob("*.tgz")
    of_package = helm("template", "one", str(package), "--kube-version", "1.37.0", "--namespace", "authz-system")
    assert of_package.returncode == 0, of_package.stderr
    of_folder = helm("template", "one", str(CHART), "--kube-version", "1.37.0", "--namespace", "authz-system")
    assert of_package.stdout == of_folder.stdout
