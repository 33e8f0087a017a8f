"""The corpus of what Istio decides (``tests/corpus/istio``), decided by the product."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from istio.documents import JWKS, load, policy, problems
from support.checks import decide
from support.requests import check_request, with_token
from support.tokens import NOW, mint

FILES = sorted((Path(__file__).parent.parent / "corpus" / "istio").glob("*.yaml"))
#: It does nothing, so that there is something for each workload: without, nothing is loaded.
_IDLE = policy("idle", {"action": "AUDIT"})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file(folder: Path, path: Path) -> None:
    """Each case is decided as it says; where there are none the documents are refused, for the field that is named."""
    workload = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    idle = {**_IDLE, "metadata": {"name": "idle", "namespace": workload["namespace"]}}
    files = {"a.yaml": [*map(_inline, workload["documents"]), idle]}
    istio = {"folder": "istio", "namespace": workload["namespace"], "labels": workload["labels"]}
    if "refused" in workload:
        found = problems(folder, files, istio)
        assert found
        assert all(one.startswith("istio/a.yaml:") and workload["refused"]["field"] in one for one in found)
        return
    trust = load(folder, files, istio).trust
    for case in workload["cases"]:
        answer = decide(_sent(case), trust)
        decided = {"decision": "allow"} if answer.allowed else {"decision": "deny", "status": answer.status}
        assert decided == case["expect"], case["name"]


def _inline(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the keys into a rule, in place of where they would be fetched."""
    rules = document.get("spec", {}).get("jwtRules")
    if rules is None:
        return document
    kept = ({name: value for name, value in rule.items() if name != "jwksUri"} for rule in rules)
    return {**document, "spec": {**document["spec"], "jwtRules": [{**rule, "jwks": JWKS} for rule in kept]}}


def _sent(case: Mapping[str, Any]) -> bytes:
    request = case.get("request", {})
    source, destination = request.get("source", {}), request.get("destination", {})
    fields: dict[str, Any] = {
        "method": request.get("method", "GET"),
        "path": request.get("path", "/"),
        "host": request.get("host", "api.example.com"),
        "headers": request.get("headers", {}),
        "port": destination.get("port", 8443) or 0,
        "destination": destination.get("address") or "",
        "peer": source.get("address", "192.0.2.1") or "",
        "principal": source.get("principal") or "",
        "server_name": request.get("sni"),
    }
    if case.get("token") is None:
        return check_request(**fields)
    return with_token(mint({"exp": int(NOW) + 600, **case["token"]}), **fields)
