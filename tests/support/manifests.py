"""What is in ``k8s/``: its folders, what kustomize makes of them, and parts of that."""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

Object = Mapping[str, Any]

FOLDER = Path(__file__).resolve().parents[2] / "k8s"
SIDECAR = "authz-sidecar"


def read(path: Path) -> list[Any]:
    """Return the documents of a file of ours."""
    return list(YAML(typ="safe").load_all(path))


def of_kind(kind: str) -> list[Path]:
    """Return the folders whose kustomization is of that kind: ``Kustomization`` or ``Component``."""
    files = sorted(FOLDER.rglob("kustomization.yaml"))
    return [file.parent for file in files if read(file)[0]["kind"] == kind]


@functools.cache
def built(folder: Path) -> Sequence[Object]:
    """Return the objects that kustomize makes of a folder; skips where there is no kustomize."""
    done = subprocess.run(  # noqa: S603 - it was built for this
        [_kustomize(), "build", str(folder)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    # Of what may be meant otherwise it warns, and goes on.
    assert done.stderr == ""
    return list(YAML(typ="safe").load_all(done.stdout))


def _kustomize() -> str:
    found = os.environ.get("AUTHZ_KUSTOMIZE") or shutil.which("kustomize", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("no kustomize; make test-k8s builds one, which takes Go")
    return found


def the(objects: Sequence[Object], kind: str, name: str | None = None) -> Object:
    """Return the one object of a kind, and of a name where there are several."""
    (found,) = (one for one in objects if one["kind"] == kind and name in (None, one["metadata"]["name"]))
    return found


def workloads(objects: Sequence[Object]) -> Iterator[Object]:
    """Return what makes pods."""
    return (one for one in objects if "template" in one.get("spec", {}))


def pod_of(workload: Object, name: str = "one") -> dict[str, Any]:
    """Return the pod that a controller would make of a workload."""
    template = workload["spec"]["template"]
    metadata = {**template["metadata"], "name": name, "namespace": workload["metadata"].get("namespace", "default")}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def container(spec: Object, name: str) -> Any:  # noqa: ANN401 - any container
    """Return a pod's container by its name, wherever it is."""
    (found,) = (one for one in (*spec.get("initContainers", ()), *spec["containers"]) if one["name"] == name)
    return found
