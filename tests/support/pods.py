"""Pods to be created, as anybody's are: nothing of ours in them."""

from typing import Any

Pod = dict[str, Any]


def plain_pod(namespace: str, **annotations: str) -> Pod:
    """Return a pod that is fit for a restricted namespace, with annotations of ours by their short names."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "one",
            "namespace": namespace,
            "annotations": {f"authz-sidecar/{name}": value for name, value in annotations.items()},
        },
        "spec": {
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [plain_container("app")],
        },
    }


def plain_container(name: str, **more: object) -> dict[str, Any]:
    """Return a container that is fit for a restricted namespace."""
    context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {"name": name, "image": "app:1", "securityContext": context, **more}
