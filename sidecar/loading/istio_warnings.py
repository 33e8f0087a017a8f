"""What Istio's documents mean for the workload, said when they are loaded: their defaults are open, unlike ours."""

from collections.abc import Iterator

from sidecar.istio.objects import Kind
from sidecar.istio.workload import Workload
from sidecar.loading.document import Document
from sidecar.loading.istio_objects import Object, Objects
from sidecar.settings.istio import IstioSettings


def warnings_of(objects: Objects, workload: Workload, document: Document, settings: IstioSettings) -> Iterator[str]:
    """Yield a line each; ``document`` is the configuration with what the documents say."""
    mismatches = [(one, workload.mismatch(one.envelope)) for one in objects.found if one.kind is not Kind.PEERS]
    chosen = [one for one, mismatch in mismatches if mismatch is None]
    shown = ", ".join(_name(one, workload) for one in chosen) or "none"
    yield f"istio: for this workload ({workload}): {shown}"
    left = [f"{_name(one, workload)} ({mismatch})" for one, mismatch in mismatches if mismatch is not None]
    if left:
        yield f"istio: not for this workload: {', '.join(left)}"
    peers = [_name(one, workload) for one in objects.found if one.kind is Kind.PEERS]
    if peers:
        yield f"istio: not evaluated, since certificates are Envoy's to ask for: {', '.join(peers)}"
    if objects.others:
        yield f"istio: left out, being no policies of Istio's: {', '.join(objects.others)}"
    yield from _without_rules(chosen, workload)
    if not any(one.kind is Kind.AUTHENTICATION for one in chosen) and not document.values.get("issuers"):
        yield "istio: no RequestAuthentication is for this workload: tokens are not looked at"
    else:
        yield "istio: a request without a token passes RequestAuthentication; policies see nobody then"
    if not _allows(document):
        yield f"istio: no ALLOW policy is for this workload: {_DEFAULTS[settings.default]}"


_DEFAULTS = {
    "istio": "everything passes that no DENY policy denies ('default: deny' would deny it)",
    "deny": "everything is denied, by 'default: deny'",
}


def _without_rules(chosen: list[Object], workload: Workload) -> Iterator[str]:
    for one in chosen:
        spec = one.document.values.get("spec", {})
        if one.kind is Kind.AUTHORIZATION and isinstance(spec, dict) and not spec.get("rules"):
            action = spec.get("action", "ALLOW")
            does = "allows nothing, and closes all that no other allows" if action == "ALLOW" else "never matches"
            yield f"istio: {_name(one, workload)} has no rules: it {does}"


def _allows(document: Document) -> bool:
    """Say whether an enforced policy allows anything, or closes what it does not allow."""
    policies = document.values.get("policies", [])
    found = [one for one in policies if isinstance(one, dict)] if isinstance(policies, list) else []
    return any(one.get("action") == "allow" and not one.get("dry_run") for one in found)


def _name(one: Object, workload: Workload) -> str:
    return f"{one.kind} {workload.name_of(one.envelope)}"
