"""The files of ``envoy/compose`` fit together, and to the rest of the repository."""

import json
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from ruamel.yaml import YAML

from sidecar.cli.envoy import envoy
from sidecar.keys.signing import generate, key_set_document
from sidecar.loading.load import load_configuration

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "envoy/compose"


def read(name: str) -> Any:  # noqa: ANN401 - any YAML
    """Read a file of the folder."""
    return YAML(typ="safe").load(FOLDER / name)


def test_envoy_s_side_is_what_is_generated(tmp_path: Path) -> None:
    """Renew it with make compose-envoy; and Envoy takes it."""
    (tmp_path / "jwks.json").write_text(key_set_document([generate()]), encoding="utf-8")
    config = tmp_path / "authz.yaml"
    text = (FOLDER / "authz.yaml").read_text(encoding="utf-8").replace("file: /run/keys/", "file: ")
    config.write_text(text, encoding="utf-8")
    assert load_configuration(config, {}).settings.servers == 2
    command = ["config", "--config", str(config), "--listener", "0.0.0.0:8080", "--upstream", "app:8081"]
    made = CliRunner().invoke(envoy, command)
    assert made.exit_code == 0, made.output
    assert YAML(typ="safe").load(made.stdout) == read("envoy.yaml")
    program = Path(sysconfig.get_path("scripts")) / "envoy"
    command = [str(program), "--mode", "validate", "-c", str(FOLDER / "envoy.yaml"), "--log-level", "warn"]
    checked = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - the one of the tests
    assert checked.returncode == 0, checked.stderr


def test_what_is_mounted_is_there() -> None:
    """Docker would make a folder out of a file that is not."""
    services = read("compose.yaml")["services"]
    sources = [volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())]
    files = [FOLDER / source for source in sources if source.startswith(".")]
    assert len(files) > len(services) / 2
    assert [file for file in files if not file.exists()] == []


def test_grafana_is_led_to_what_there_is() -> None:
    """To Prometheus by its service's name and port, and to the dashboards where they are mounted."""
    compose = read("compose.yaml")
    (source,) = read("grafana/datasources.yaml")["datasources"]
    host, port = re.fullmatch(r"http://(\w+):(\d+)", source["url"]).groups()  # type: ignore[union-attr]
    assert compose["services"][host]["ports"][0].endswith(f":{port}")
    mounted = dict(volume.split(":")[:2] for volume in compose["services"]["grafana"]["volumes"])
    (provider,) = read("grafana/dashboards.yaml")["providers"]
    folder = "../../k8s/monitoring/dashboards"
    assert provider["options"]["path"] == mounted[folder]
    home = Path(compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    shown = json.loads((FOLDER / folder / home.relative_to(mounted[folder])).read_bytes())
    # They ask for the data source by its type, whatever it is called.
    assert {one["query"] for one in shown["templating"]["list"] if one["type"] == "datasource"} == {source["type"]}


def test_labels_are_those_of_the_rules() -> None:
    """Rules and alerts go by job, namespace, app and pod."""
    (job,) = read("prometheus.yml")["scrape_configs"]
    assert job["job_name"] == "authz-sidecar"
    assert set(job["static_configs"][0]["labels"]) == {"namespace", "app", "pod"}


def test_no_image_is_whatever_there_is_today() -> None:
    """Each has a version; Envoy's is the one of the manifests for Kubernetes."""
    services = read("compose.yaml")["services"]
    images = {name: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", service["image"]) for name, service in services.items()}
    tags = {name: image.rpartition(":")[2] for name, image in images.items()}
    assert all(re.search(r"\d|^dev$", tag) for tag in tags.values()), tags
    component = YAML(typ="safe").load(ROOT / "k8s/components/envoy/kustomization.yaml")
    assert tags["envoy"] == component["images"][0]["newTag"]
