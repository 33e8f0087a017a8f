"""Whose CustomResourceDefinitions are recorded, and what of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_GATEWAY = "charts/gateway-helm/charts/crds/crds/generated/gateway.envoyproxy.io_{}.yaml"


@dataclass(frozen=True)
class Source:
    """A Go module, and the kinds that are wanted of files in it, by the files' names.

    ``only`` names, for a kind, the fields that are kept below some path; the others are cut off, and then unknown.
    """

    module: str
    version: str
    files: Mapping[str, tuple[str, ...]]
    only: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


SOURCES = (
    Source(
        "istio.io/api",
        "v1.32.0",
        {
            "kubernetes/customresourcedefinitions.gen.yaml": (
                "AuthorizationPolicy",
                "DestinationRule",
                "EnvoyFilter",
                "RequestAuthentication",
                "ServiceEntry",
            )
        },
    ),
    Source(
        "github.com/envoyproxy/gateway",
        "v1.9.1",
        {
            _GATEWAY.format("backends"): ("Backend",),
            _GATEWAY.format("clienttrafficpolicies"): ("ClientTrafficPolicy",),
            _GATEWAY.format("envoyproxies"): ("EnvoyProxy",),
            _GATEWAY.format("securitypolicies"): ("SecurityPolicy",),
        },
        {
            "EnvoyProxy": {
                "spec": ("provider", "backendTLS"),
                "spec.provider": ("type", "kubernetes"),
                "spec.provider.kubernetes": ("envoyDeployment",),
                "spec.provider.kubernetes.envoyDeployment": ("patch",),
            },
            "SecurityPolicy": {"spec": ("targetRef", "targetRefs", "extAuth")},
        },
    ),
    Source(
        "sigs.k8s.io/gateway-api",
        "v1.7.0",
        {
            f"config/crd/experimental/gateway.networking.k8s.io_{name}.yaml": (kind,)
            for name, kind in (
                ("backendtlspolicies", "BackendTLSPolicy"),
                ("gateways", "Gateway"),
                ("httproutes", "HTTPRoute"),
            )
        },
    ),
    Source(
        "github.com/projectcontour/contour",
        "v1.33.8",
        {"examples/contour/01-crds.yaml": ("ExtensionService", "HTTPProxy")},
    ),
    Source(
        "github.com/emissary-ingress/emissary/v3",
        "v3.9.1",
        {"pkg/api/getambassador.io/crds.yaml": ("AuthService", "Mapping", "Module", "TLSContext")},
    ),
    Source(
        "github.com/kuadrant/authorino",
        "v0.22.0",
        {"install/crd/authorino.kuadrant.io_authconfigs.yaml": ("AuthConfig",)},
    ),
)

#: Of Istio's mesh configuration, which is no resource: the message, in the same module.
MESH = ("mesh/v1alpha1/config.proto", "istio.mesh.v1alpha1.MeshConfig")
