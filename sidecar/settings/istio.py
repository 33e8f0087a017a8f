"""Documents of Istio's: where they are, and for which workload they are read."""

from typing import Annotated, Literal

from pydantic import Field

from sidecar.settings.base import Model, Text
from sidecar.settings.keys import FetchSettings

#: A label of RFC 1123, as Kubernetes has it for namespaces.
Namespace = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


class IstioSettings(Model):
    """RequestAuthentication and AuthorizationPolicy of Istio's, out of a folder (docs/istio.md)."""

    folder: Text = Field(
        description="A folder, such as a mounted ConfigMap, whose YAML files have the documents, several in one file "
        "or not; watched. A relative path is relative to the configuration's folder."
    )
    namespace: Namespace = Field(description="The workload's namespace. A document that names none is in it too.")
    labels: dict[Text, str] = Field(
        default={}, description="The workload's labels, all that selectors of the documents may ask for."
    )
    root_namespace: Namespace = Field(
        "istio-system", description="Istio's rootNamespace: documents in it are for workloads in all namespaces."
    )
    default: Literal["istio", "deny"] = Field(
        "istio",
        description="Where no ALLOW policy is for the workload: 'istio' lets everything pass that none denies, 'deny' "
        "nothing.",
    )
    fetch: FetchSettings = Field(
        default_factory=lambda: FetchSettings.model_validate({}),
        description="How keys of 'jwtRules' are fetched, for which the documents have no fields. Their 'timeout' goes "
        "before.",
    )
