"""docs/report.md has every alert and every piece of advice as the code has it, and nothing else."""

import re
from pathlib import Path

from sidecar.report.advice.kinds import KINDS as ADVICE
from sidecar.report.alerts.kinds import KINDS as ALERTS
from sidecar.settings.report import ReportSettings

_PAGE = (Path(__file__).parent.parent.parent / "docs/report.md").read_text(encoding="utf-8")
_DEFAULTS = ReportSettings.model_validate({})


def _rows(section: str) -> list[str]:
    return re.findall(r"^\| `.*$", _PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0], re.MULTILINE)


def test_alerts() -> None:
    """Each with severity, threshold and default, window and meaning."""
    assert _rows("Alerts") == [
        f"| `{name}` | {kind.severity.value} | {_threshold(kind.threshold, below=kind.below)} | {kind.window} | "
        f"{kind.meaning} |"
        for name, kind in ALERTS.items()
    ]


def _threshold(name: str, *, below: bool) -> str:
    return f"`{name}` {'below ' if below else ''}{getattr(_DEFAULTS, name):g}" if name else "once"


def test_advice() -> None:
    """Each with severity, when it is given, and the setting."""
    assert _rows("Advice") == [
        f"| `{name}` | {kind.severity.value} | {kind.meaning} | {f'`{kind.setting}`' if kind.setting else ''} |"
        for name, kind in ADVICE.items()
    ]


def test_every_threshold_is_used() -> None:
    """No setting of the section is without an alert, but for those that say when there is enough, and one of advice."""
    used = {kind.threshold for kind in ALERTS.values()} - {""}
    assert set(ReportSettings.model_fields) - used == {"min_seconds", "min_checks", "pool_idle_share"}
