"""The documents are true."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.core.policy.model import AttributeKind
from sidecar.core.reason import OUTCOMES, Reason
from sidecar.keys.signing import generate, key_set_document
from sidecar.loading.load import load_configuration
from sidecar.loading.reference import reference
from sidecar.loading.trust import load_trust

ROOT = Path(__file__).parent.parent
PAGES = sorted(path for path in ROOT.rglob("*.md") if not {".venv", ".git", "node_modules"} & set(path.parts))


def test_configuration_reference_is_the_code_s() -> None:
    """docs/configuration.md is what the settings say of themselves (renew it with make docs)."""
    assert (ROOT / "docs/configuration.md").read_text(encoding="utf-8") == reference()


def test_command_reference_is_the_commands_own() -> None:
    """docs/cli.md is what the commands say of themselves (renew it with make docs)."""
    # In a process of its own: click remembers which names help had when a command was asked first, by whatever test.
    made = subprocess.run(
        [sys.executable, "-m", "pages.commands"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tools")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert (ROOT / "docs/cli.md").read_text(encoding="utf-8") == made


def test_the_site_has_every_page() -> None:
    """Each page of docs stands in the site's table of contents, but for those that another page lists."""
    contents = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")]
    assert [page for page in pages if f": {page}\n" not in contents] == []


def test_every_field_is_described() -> None:
    """No row of the reference is without a description."""
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained(reason: Reason) -> None:
    """docs/reasons.md has a section for each reason, and its status is in the table."""
    page = (ROOT / "docs/reasons.md").read_text(encoding="utf-8")
    assert f"\n## {reason.value}\n" in page
    assert OUTCOMES[reason].status == 200 or f"| {OUTCOMES[reason].status} |" in page


@pytest.mark.parametrize("kind", AttributeKind)
def test_every_attribute_is_explained(kind: AttributeKind) -> None:
    """docs/policy.md has every attribute that a condition may name."""
    assert f"`{kind.value}" in (ROOT / "docs/policy.md").read_text(encoding="utf-8")


def test_readme_s_configuration_is_valid(tmp_path: Path) -> None:
    """The configuration in the README loads as it stands there."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    config = tmp_path / "authz.yaml"
    config.write_text(readme.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")
    (tmp_path / "jwks.json").write_text(key_set_document([generate()]), encoding="utf-8")
    trust = load_trust(load_configuration(config, {})).trust
    assert [policy.name for policy in trust.policy.allow] == ["read-orders", "write-orders"]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link in a page names a file that is there."""
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
