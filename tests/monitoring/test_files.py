"""The files that are made are what would be made, and kustomize finds all of them."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from authz_monitoring.dashboards import BOARDS
from authz_monitoring.files import files
from authz_monitoring.words import JOB
from sidecar.settings.http import ProbeSettings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "k8s/monitoring"
#: What an annotation may have, in which kubectl apply keeps an object.
_ANNOTATION = 262_144


def _read(path: Path) -> Any:  # noqa: ANN401 - any YAML
    return YAML(typ="safe").load(path)


def test_committed_files_are_those_that_are_made() -> None:
    """Dashboards and rules are what the data says (renew them with make monitoring)."""
    for path, text in files("docs").items():
        assert (FOLDER / path).read_text(encoding="utf-8") == text, path
    assert {f"dashboards/{path.name}" for path in (FOLDER / "dashboards").iterdir()} < set(files("docs"))


def test_same_rules_with_and_without_the_operator() -> None:
    """The object of the operator has the groups of the plain file."""
    one = _read(FOLDER / "prometheusrule.yaml")
    assert (one["apiVersion"], one["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert one["spec"] == _read(FOLDER / "rules.yaml")


def test_links_lead_where_they_are_told_to() -> None:
    """With an address for the documentation all links have it."""
    made = files("https://git.example/authz/docs")
    assert "runbook_url: https://git.example/authz/docs/runbooks/AuthzSidecarDown.md" in made["rules.yaml"]
    for board in BOARDS:
        assert '"query": "https://git.example/authz/docs"' in made[f"dashboards/{board.uid}.json"]


def test_kustomization_has_everything() -> None:
    """Each dashboard is a ConfigMap of its own, small enough, with the label that Grafana's sidecar looks for."""
    found = _read(FOLDER / "kustomization.yaml")
    maps = {one["name"]: one["files"] for one in found["configMapGenerator"]}
    assert maps == {board.uid: [f"dashboards/{board.uid}.json"] for board in BOARDS}
    assert found["generatorOptions"]["labels"] == {"grafana_dashboard": "1"}
    assert all((FOLDER / path).exists() for path in found["resources"])
    assert max(path.stat().st_size for path in (FOLDER / "dashboards").iterdir()) < _ANNOTATION


def test_operator_and_plain_prometheus_scrape_the_same() -> None:
    """Both go by the port's name, and set the labels that rules and dashboards go by."""
    (endpoint,) = _read(FOLDER / "podmonitor.yaml")["spec"]["podMetricsEndpoints"]
    (job,) = _read(FOLDER / "scrape.yaml")["scrape_configs"]
    rules = {rule["targetLabel"]: rule for rule in endpoint["relabelings"]}
    plain = {rule["target_label"]: rule for rule in job["relabel_configs"] if "target_label" in rule}
    (kept,) = [rule for rule in job["relabel_configs"] if rule.get("action") == "keep"]
    assert endpoint["port"] == kept["regex"] == "authz-probe"
    assert rules["job"]["replacement"] == job["job_name"] == JOB
    assert rules["app"]["sourceLabels"] == plain["app"]["source_labels"]
    assert rules["app"]["regex"] == plain["app"]["regex"]
    assert {*plain, "job"} == {"namespace", "pod", "app", "job"}
    text = (FOLDER / "podmonitor.yaml").read_text(encoding="utf-8")
    assert str(ProbeSettings.model_fields["listen"].default).rpartition(":")[2] in text
