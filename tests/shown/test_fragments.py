"""Pieces of others' files in the pages are what those others take.

In README.md, k8s/README.md, docs/monitoring.md, docs/scraping.md and docs/keys.md.
"""

import json
import re
import subprocess
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from support.manifests import FOLDER, read
from support.pages import ROOT, Block
from support.prometheus import tool
from support.shown_table import all_blocks


def _blocks(page: str, beginning: str, language: str = "yaml") -> list[Block]:
    found = [one for one in all_blocks() if str(one.page.relative_to(ROOT)) == page and beginning in one.text]
    assert found
    assert {one.language for one in found} == {language}
    return found


def _read(block: Block) -> Any:  # noqa: ANN401 - any YAML
    return YAML(typ="safe").load(StringIO(block.text))


def _promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [tool("promtool"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - Debian's own


@pytest.mark.parametrize("page", ["k8s/README.md", "docs/monitoring.md"])
def test_kustomizations(page: str) -> None:
    """The components that a kustomization names are there, and are components."""
    (block,) = _blocks(page, "components:")
    named = _read(block)["components"]
    assert named
    for name in named:
        assert name.startswith("ext-authz-sidecar/"), name
        assert read(ROOT / name.removeprefix("ext-authz-sidecar/") / "kustomization.yaml")[0]["kind"] == "Component"


def test_port() -> None:
    """The port that monitoring finds pods by is the one that the sidecar's container has."""
    (block,) = _blocks("docs/monitoring.md", "ports:")
    (container,) = read(FOLDER / "components/sidecar/container.yaml")[0]["spec"]["template"]["spec"]["initContainers"]
    assert _read(block)["ports"] == container["ports"]


def test_hook() -> None:
    """README.md's rule denies what it says, and nothing else."""
    (block,) = _blocks("README.md", "from sidecar.hooks import deny", "python")
    defined = dict[str, Any]()
    exec(block.text, defined)  # noqa: S102 - our own page
    for method, scopes, is_denied in (
        ("DELETE", {"user"}, True),
        ("DELETE", {"admin"}, False),
        ("GET", {"user"}, False),
    ):
        asked = SimpleNamespace(method=method), SimpleNamespace(scopes=frozenset(scopes))
        assert (defined["check"](*asked) is not None) is is_denied


@pytest.mark.parametrize("beginning", ["gateway:\n", "\nagent:\n"])
def test_values_of_the_chart(beginning: str) -> None:
    """They are values that the chart takes; a misspelt one is not."""
    (block,) = _blocks("k8s/README.md", beginning)
    schema = json.loads((FOLDER / "chart/values.schema.json").read_text(encoding="utf-8"))
    values = _read(block)
    assert not list(Draft7Validator(schema).iter_errors(values))
    assert list(Draft7Validator(schema).iter_errors(values | {"gatevay": {}}))


def test_scrape_configuration(tmp_path: Path) -> None:
    """Prometheus takes it, as far as there is one that can: Debian's has neither these histograms nor Kubernetes."""
    (block,) = _blocks("docs/scraping.md", "scrape_configs:")
    file = tmp_path / "prometheus.yml"
    newer = re.compile(r"field (\w+_classic_histograms\w*|kubernetes_sd_configs) not found")
    for text, is_right in ((block.text, True), (block.text.replace("job_name", "job_nam"), False)):
        file.write_text(text, encoding="utf-8")
        done = _promtool("check", "config", file)
        left = [
            line
            for line in done.stderr.splitlines()
            if re.search("field .* not found", line) and not newer.search(line)
        ]
        assert (left == []) is is_right, done.stderr
        assert done.returncode == 0 or newer.search(done.stderr)


def test_query(tmp_path: Path) -> None:
    """A query is one that Prometheus understands: a rule can be made of it."""
    (block,) = _blocks("docs/keys.md", "time() - max", "promql")
    for text, is_right in ((block.text.strip(), True), (block.text.strip() + ")", False)):
        file = tmp_path / "rules.yml"
        rules = {"groups": [{"name": "shown", "rules": [{"record": "shown", "expr": text}]}]}
        file.write_text(json.dumps(rules), encoding="utf-8")
        assert (_promtool("check", "rules", file).returncode == 0) is is_right
