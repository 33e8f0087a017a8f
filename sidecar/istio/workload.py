"""Which documents are for the workload."""

from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.istio.objects import Envelope
from sidecar.settings.istio import IstioSettings


@dataclass(frozen=True, slots=True)
class Workload:
    """The one that this sidecar decides for."""

    namespace: str
    root_namespace: str
    labels: Mapping[str, str]

    def __str__(self) -> str:
        """Return how it is told in warnings."""
        return f"namespace {self.namespace}, labels {_shown(self.labels)}"

    def namespace_of(self, one: Envelope) -> str:
        """Return the namespace that a document is in."""
        return one.metadata.namespace or self.namespace

    def name_of(self, one: Envelope) -> str:
        """Return the name of a document, unique among those of its kind: no namespace has a dot."""
        return f"{one.metadata.name}.{self.namespace_of(one)}"

    def mismatch(self, one: Envelope) -> str | None:
        """Say why a document is not for this workload; ``None`` where it is."""
        namespace = self.namespace_of(one)
        if namespace not in {self.namespace, self.root_namespace}:
            return f"namespace {namespace}"
        wanted = one.spec.selector.labels
        if not wanted.items() <= self.labels.items():
            return f"selector {_shown(wanted)}"
        return None


def workload_of(settings: IstioSettings) -> Workload:
    """Return the workload of a configuration."""
    return Workload(settings.namespace, settings.root_namespace, settings.labels)


def _shown(labels: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items())) or "none"
