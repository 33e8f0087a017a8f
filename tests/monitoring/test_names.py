"""What queries name is on the pages of metrics, which tests of their own hold against the code."""

import re
from pathlib import Path

from authz_monitoring.recording import RULES
from monitoring.queries import of_dashboards, of_rules
from monitoring.to_come import METRICS

_DOCS = Path(__file__).parents[2] / "docs"
#: The second: of what only an agent has.
_PAGES = (_DOCS / "metrics.md", _DOCS / "agent.md")
_PART = re.compile(r"_(bucket|sum|count)$")


def test_every_metric_is_described() -> None:
    """Dashboards, rules and alerts name metrics of these pages, and what is recorded, and nothing else."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in _PAGES)
    described = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    recorded = {rule.record for rule in RULES}
    named = {name for asked in (*of_dashboards("5s", "2m"), *of_rules()) for name in asked.names}
    assert {name for name in named - recorded if _PART.sub("", name) not in described} == set()
    assert described >= METRICS
    assert recorded & named
