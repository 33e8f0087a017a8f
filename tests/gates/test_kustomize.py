"""What ``make kustomize`` looks at in what was built. That it builds at all takes kustomize, and is the gate's."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from gates.kustomize import NAMESPACE, ROOT, Object, kustomizations, problems
from ruamel.yaml import YAML

_FOLDER = ROOT / "monitoring"


@pytest.fixture
def built() -> list[Object]:
    """Return what comes of k8s/monitoring, as kustomize builds it."""
    written = YAML(typ="safe").load(_FOLDER / "kustomization.yaml")
    objects: list[Any] = [YAML(typ="safe").load(_FOLDER / name) for name in written["resources"]]
    for generated in written["configMapGenerator"]:
        data = {Path(file).name: (_FOLDER / file).read_text(encoding="utf-8") for file in generated["files"]}
        objects.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generated["name"]}, "data": data})
    for one in objects:
        one["metadata"]["namespace"] = NAMESPACE
    return objects


def test_every_kustomization_is_found() -> None:
    """The folders of k8s/ that have one are built."""
    assert _FOLDER in kustomizations(ROOT)


def test_nothing_is_wrong(built: list[Object]) -> None:
    """All that the kustomization names is there, once, as it is, and in the namespace."""
    assert list(problems(built, _FOLDER)) == []


def test_what_is_wrong_is_said(built: list[Object]) -> None:
    """What is missing, there twice, changed on the way, or elsewhere, is named."""
    lacking = [one for one in built if one["kind"] != "PrometheusRule"]
    assert any("lacks PrometheusRule" in problem for problem in problems(lacking, _FOLDER))
    assert any("is there twice" in problem for problem in problems([*built, built[0]], _FOLDER))
    changes: tuple[tuple[Callable[[Object], object], str], ...] = (
        (lambda one: one["metadata"].update(namespace="default"), "not in the namespace"),
        (lambda one: one["metadata"].update(name="another"), "has not dashboards/"),
        (lambda one: one["data"].update({"authz-overview.json": "{}"}), "has not dashboards/authz-overview.json"),
        (lambda one: one.pop("apiVersion"), "without apiVersion"),
    )
    for change, said in changes:
        changed = deepcopy(built)
        change(next(one for one in changed if one["metadata"]["name"] == "authz-overview"))
        assert any(said in problem for problem in problems(changed, _FOLDER)), said
    assert "builds nothing" in problems([], _FOLDER)
