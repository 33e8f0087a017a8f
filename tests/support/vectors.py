"""The third-party vectors, and reading them case by case."""

import json
from pathlib import Path
from typing import Any, cast

_FOLDER = Path(__file__).resolve().parents[1] / "vectors"


def groups(name: str) -> list[dict[str, Any]]:
    """Return the test groups of ``wycheproof_<name>.json``."""
    document = json.loads((_FOLDER / f"wycheproof_{name}.json").read_text("utf-8"))
    return cast("list[dict[str, Any]]", document["testGroups"])


def cases(name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return every case with its group."""
    return [(group, case) for group in groups(name) for case in group["tests"]]
