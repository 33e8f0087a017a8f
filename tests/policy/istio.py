"""What Istio decides by its own documents, for one workload: the cases of ``tests/corpus/istio``, by the reference.

Patterns, rules and conditions are those of ``policy.reference``. What differs from native policies is here: which
documents are the workload's, that no token passes RequestAuthentication, and that all is allowed where no ALLOW policy
is for the workload.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from policy.cases import evaluated
from policy.reference import matches

FILES = sorted((Path(__file__).parent.parent / "corpus" / "istio").glob("*.yaml"))

_ROOT = "istio-system"


def load(path: Path) -> dict[str, Any]:
    """Read one file."""
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return found


def decide(
    workload: Mapping[str, Any], request: Mapping[str, Any], token: Mapping[str, Any] | None
) -> dict[str, object]:
    """Decide on a request to the workload of a file, with a token whose signature is good or with none."""
    mine = [one for one in workload["documents"] if _is_for(one, workload)]
    issuers = _issuers(mine)
    if token is not None and issuers and token["iss"] not in issuers:
        return {"decision": "deny", "status": 401}
    # Without RequestAuthentication nobody looks at tokens.
    claims = token if issuers else None
    policies = [_native(one) for one in mine if one["kind"] == "AuthorizationPolicy"]
    matching = [one["action"] for one in policies if matches(one, evaluated(request), claims, 0)]
    is_denied = "deny" in matching or ("allow" not in matching and any(one["action"] == "allow" for one in policies))
    return {"decision": "deny", "status": 403} if is_denied else {"decision": "allow"}


def _is_for(document: Mapping[str, Any], workload: Mapping[str, Any]) -> bool:
    wanted = document["spec"].get("selector", {}).get("matchLabels", {})
    is_dry = document["metadata"].get("annotations", {}).get("istio.io/dry-run") == "true"
    return (
        document["metadata"]["namespace"] in {workload["namespace"], _ROOT}
        and wanted.items() <= workload["labels"].items()
        and not is_dry
    )


def _issuers(documents: list[dict[str, Any]]) -> set[str]:
    rules = (one["spec"].get("jwtRules", []) for one in documents if one["kind"] == "RequestAuthentication")
    return {rule["issuer"] for each in rules for rule in each}


def _native(document: Mapping[str, Any]) -> dict[str, Any]:
    spec, metadata = document["spec"], document["metadata"]
    rules = [_with_namespace(rule, metadata["namespace"]) for rule in spec.get("rules", [])]
    return {"name": metadata["name"], "action": spec.get("action", "ALLOW").lower(), "rules": rules}


def _with_namespace(rule: dict[str, Any], namespace: str) -> dict[str, Any]:
    """Put the policy's namespace before service accounts that have none."""
    sources = [
        {
            name: [one if "/" in one else f"{namespace}/{one}" for one in values]
            if "erviceAccounts" in name
            else values
            for name, values in each["source"].items()
        }
        for each in rule.get("from", [])
    ]
    return {**rule, "from": [{"source": source} for source in sources]}
