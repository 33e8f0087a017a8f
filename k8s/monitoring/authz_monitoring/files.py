"""All files that are made, by their paths below ``k8s/monitoring``."""

import json
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from authz_monitoring.alerts import GROUPS
from authz_monitoring.dashboards import BOARDS
from authz_monitoring.recording import RULES
from authz_monitoring.rule import Group

#: The group of what is recorded.
RECORDED: Final = "authz.recorded"
_MADE: Final = "# Made by `make monitoring` out of authz_monitoring: change it there.\n"


def files(docs: str) -> Mapping[str, str]:
    """Return path and text of each. ``docs``: where the documentation is, for links: an address, or a path."""
    groups = [group.document(f"{docs}/runbooks") for group in (Group(RECORDED, RULES), *GROUPS)]
    boards = {f"dashboards/{board.uid}.json": _json(board.document(docs)) for board in BOARDS}
    return {"rules.yaml": _yaml({"groups": groups}), "prometheusrule.yaml": _yaml(_for_operator(groups)), **boards}


def _for_operator(groups: Sequence[Mapping[str, object]]) -> dict[str, object]:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "authz-sidecar", "labels": {"app.kubernetes.io/name": "authz-sidecar"}},
        "spec": {"groups": groups},
    }


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _yaml(document: Mapping[str, Any]) -> str:
    yaml = YAML()
    yaml.width = 10_000
    yaml.representer.ignore_aliases = lambda _: True  # no anchors
    text = StringIO(_MADE)
    text.seek(0, 2)
    yaml.dump(_legible(document), text)
    return text.getvalue()


def _legible(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return it with texts of several lines as blocks."""
    if isinstance(value, Mapping):
        return {name: _legible(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_legible(one) for one in value]
    return LiteralScalarString(value) if isinstance(value, str) and "\n" in value else value
