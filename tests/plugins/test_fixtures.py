"""What each product makes of its example (``tests/plugins/envoy``) says what the example says."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from sidecar.cli.envoy import envoy
from sidecar.keys.signing import generate, key_set_document
from support.manifests import FOLDER, read
from support.plugins import EXAMPLES, PLUGINS, ext_authz, made


def _spec(path: str, number: int = 0) -> Any:  # noqa: ANN401 - any YAML
    return read(EXAMPLES / path)[number]["spec"]


def _istio() -> Mapping[str, Any]:
    (provider,) = read(EXAMPLES / "istio/values.yaml")[0]["meshConfig"]["extensionProviders"]
    said = provider["envoyExtAuthzGrpc"]
    assert _spec("istio/authorizationpolicy.yaml")["provider"]["name"] == provider["name"]
    return {"seconds": float(said["timeout"][:-1]), "open": said["failOpen"], "status": int(said["statusOnError"])}


def _envoy_gateway(folder: str) -> Mapping[str, Any]:
    said = _spec(f"envoy-gateway/{folder}/securitypolicy.yaml")["extAuth"]
    back_off = said["grpc"]["backendSettings"]["retry"]["perRetry"]["backOff"]
    return {
        "seconds": float(said["timeout"][:-2]) / 1000,
        "open": said["failOpen"],
        "status": said["statusOnError"],
        "try": float(back_off["maxInterval"][:-2]) / 1000,
    }


def _contour() -> Mapping[str, Any]:
    said = _spec("contour/httpproxy.yaml")["virtualhost"]["authorization"]
    return {"seconds": float(said["responseTimeout"][:-2]) / 1000, "open": said["failOpen"], "status": 403}


def _emissary() -> Mapping[str, Any]:
    said = _spec("emissary/authservice.yaml")
    return {
        "seconds": said["timeout_ms"] / 1000,
        "open": said["failure_mode_allow"],
        "status": said["status_on_error"]["code"],
    }


_EXAMPLES: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    "istio": lambda: {**_istio(), "try": 0.1},
    "istio-without-envoyfilter": _istio,
    "envoy-gateway-socket": lambda: _envoy_gateway("socket"),
    "envoy-gateway-service": lambda: _envoy_gateway("service"),
    "contour": _contour,
    "emissary": _emissary,
    # It has a name for none of them: these are Envoy's own.
    "gateway-api": lambda: {"seconds": 0.2, "open": False, "status": 403},
}
_STATUS = {"ServiceUnavailable": 503, "Forbidden": 403}


def test_every_plugin_is_looked_at() -> None:
    """None is left out."""
    assert _EXAMPLES.keys() == PLUGINS.keys()


@pytest.mark.parametrize("name", PLUGINS)
def test_fixture_says_what_the_example_says(name: str) -> None:
    """How long a check may take, and each try; that no answer is a refusal, and which."""
    config = ext_authz(made(PLUGINS[name]))
    service = config["grpc_service"]
    found = {
        "seconds": float(service.get("timeout", "0.2s")[:-1]),
        "open": config.get("failure_mode_allow", False),
        "status": _STATUS[config.get("status_on_error", {}).get("code", "Forbidden")],
    }
    if "retry_policy" in service:
        found["try"] = float(service["retry_policy"]["retry_back_off"]["max_interval"][:-1])
        assert found["try"] == found["seconds"] / 2
    assert found == _EXAMPLES[name]()
    assert found["open"] is False


def test_istio_names_each_server() -> None:
    """The ServiceEntry has the sockets that the sidecar listens on."""
    config = read(FOLDER / "components/example/authz.yaml")[0]
    addresses = [one["address"] for one in _spec("istio/serviceentry.yaml")["endpoints"]]
    assert addresses == [f"unix://{one}" for one in _sockets(config)]
    (backend,) = (one["spec"] for one in read(EXAMPLES / "envoy-gateway/socket/backend.yaml"))
    assert [one["unix"]["path"] for one in backend["endpoints"]] == _sockets(
        read(EXAMPLES / "envoy-gateway/socket/authz.yaml")[0]
    )


def _sockets(config: Mapping[str, Any]) -> list[str]:
    first = config["listen"].removeprefix("unix:")
    return [first, *(first.replace(".sock", f"-{number}.sock") for number in range(1, config["servers"]))]


def _example(folder: Path) -> Path:
    """Return the configuration of a pod's sidecar, with a key set beside it as the Secret has it."""
    (folder / "jwks.json").write_text(key_set_document([generate()]), encoding="utf-8")
    return Path(shutil.copy(FOLDER / "components/example/authz.yaml", folder / "authz.yaml"))


@pytest.fixture(scope="module")
def stripped(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the expressions for headers that ``envoy config`` would have taken off for the examples."""
    config = _example(tmp_path_factory.mktemp("example"))
    done = CliRunner().invoke(envoy, ["config", "--config", str(config), "--only", "manager", "--json"])
    assert done.exit_code == 0, done.output
    (extension,) = json.loads(done.stdout)["earlyHeaderMutationExtensions"]
    mutations = extension["typedConfig"]["mutations"]
    return [one["removeOnMatch"]["keyMatcher"]["safeRegex"]["regex"] for one in mutations]


@pytest.mark.parametrize("name", ["istio", "envoy-gateway-socket", "envoy-gateway-service"])
def test_the_same_headers_are_taken_off(name: str, stripped: list[str]) -> None:
    """Where a product can take headers off before all else, the example has it take off what is generated."""
    (extension,) = made(PLUGINS[name])["manager"]["early_header_mutation_extensions"]
    mutations = extension["typed_config"]["mutations"]
    assert [one["remove_on_match"]["key_matcher"]["safe_regex"]["regex"] for one in mutations] == stripped
    if name != "istio":
        said = _spec("envoy-gateway/routes/clienttrafficpolicy.yaml")["headers"]["earlyRequestHeaders"]
        assert [one["value"] for one in said["removeOnMatch"]] == stripped


def test_envoy_proxy_adds_the_component() -> None:
    """What Envoy Gateway is told to put into its pods is k8s/components/sidecar."""
    patch = _spec("envoy-gateway/socket/gateway.yaml")["provider"]["kubernetes"]["envoyDeployment"]["patch"]["value"]
    pod = patch["spec"]["template"]["spec"]
    component = read(FOLDER / "components/sidecar/container.yaml")[0]["spec"]["template"]["spec"]
    tag = read(FOLDER / "components/sidecar/kustomization.yaml")[0]["images"][0]["newTag"]
    (container,) = component["initContainers"]
    container["image"] += f":{tag}"
    assert pod.pop("containers") == [
        {"name": "envoy", "volumeMounts": [{"name": "authz-socket", "mountPath": "/run/authz"}]}
    ]
    assert pod == component


def test_configurations_are_the_same() -> None:
    """The examples differ in how the sidecar is reached, and in nothing that it decides."""
    pod = read(FOLDER / "components/example/authz.yaml")[0]
    assert read(EXAMPLES / "envoy-gateway/socket/authz.yaml")[0] == pod
    service = read(EXAMPLES / "service/authz.yaml")[0]
    for name in ("issuers", "public", "policies", "response"):
        assert service[name] == pod[name]


def test_every_fixture_is_used() -> None:
    """Each says where it is from."""
    files = {path.stem: path for path in (Path(__file__).parent / "envoy").glob("*.yaml")}
    assert files.keys() == {one.fixture for one in PLUGINS.values()}
    for path in files.values():
        assert "(Apache-2.0)" in path.read_text(encoding="utf-8")
        assert YAML(typ="safe").load(path)


def test_files_for_xds_are_what_is_generated(tmp_path: Path) -> None:
    """They are made of the example's configuration (renew them with make k8s-envoy)."""
    config = _example(tmp_path)
    folder = tmp_path / "xds"
    folder.mkdir()
    asked = ["--listener", "0.0.0.0:8080", "--xds", str(folder), "--xds-as", "/etc/envoy"]
    done = CliRunner().invoke(envoy, ["config", "--config", str(config), *asked])
    assert (done.exit_code, done.output) == (0, "")
    files = sorted(folder.iterdir())
    assert [one.name for one in files] == sorted(one.name for one in (EXAMPLES / "envoy-xds").glob("*.json"))
    for one in files:
        assert one.read_text(encoding="utf-8") == (EXAMPLES / "envoy-xds" / one.name).read_text(encoding="utf-8")
