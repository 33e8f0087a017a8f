"""The whole configuration file."""

from typing import Annotated, Literal

from pydantic import Field

from sidecar.core.headers_read import BODY_BYTES
from sidecar.core.path import PathMode
from sidecar.observe.hook_series import MOST_HOOKS
from sidecar.settings.api_keys import ApiKeySettings
from sidecar.settings.assertion import AssertionSettings
from sidecar.settings.base import Model, Text, checked
from sidecar.settings.decision_log import DecisionLogSettings
from sidecar.settings.forward_auth import ForwardAuthSettings
from sidecar.settings.hooks import HookEntry
from sidecar.settings.http import AdminSettings, ProbeSettings
from sidecar.settings.issuer import IssuerSettings
from sidecar.settings.istio import IstioSettings
from sidecar.settings.native import NativeSettings
from sidecar.settings.policy import OperationSettings, PolicySettings
from sidecar.settings.policy_bundle import PolicyBundleSettings
from sidecar.settings.processes import ProcessSettings
from sidecar.settings.report import ReportSettings
from sidecar.settings.response import ResponseSettings
from sidecar.settings.revocation import RevocationSettings
from sidecar.settings.tls import TlsSettings
from sidecar.settings.tracing import TracingSettings
from sidecar.settings.warm_up import WarmUpSettings
from sidecar.transport import address


class BodySettings(Model):
    """Bodies, for ``request.body`` in CEL: JSON objects alone. Envoy holds each request back until it has all of it."""

    max_bytes: int = Field(
        8192,
        ge=64,
        le=BODY_BYTES,
        description="Bytes of the largest body that Envoy sends along. It answers 413 to a larger one by itself.",
    )
    allow_partial_message: bool = Field(
        default=False,
        description="Envoy's setting of that name: true lets larger bodies pass, but not where a policy that is about "
        "the request looks at the body (body_ambiguous). For applications that take uploads as well.",
    )


class RequestSettings(Model):
    """How requests are read."""

    path_mode: Annotated[PathMode, Field(strict=False)] = Field(
        PathMode.REJECT,
        description="'reject' denies every path that is not in normal form. The others are Istio's pathNormalization "
        "modes (none, base, merge_slashes, decode_and_merge_slashes): Envoy must then normalise in the same way.",
    )
    max_path_bytes: int = Field(
        8192, ge=256, le=65536, description="Bytes of the longest path, without its query, that is looked at."
    )
    xff_num_trusted_hops: int = Field(
        0,
        ge=0,
        le=16,
        description="Envoy's setting of that name: proxies before it whose X-Forwarded-For is believed, for remote.ip "
        "and remoteIpBlocks. 0: none, the client is who is connected.",
    )
    use_remote_address: bool = Field(
        default=True,
        description="Envoy's setting of that name: whether it adds its peer's address to X-Forwarded-For, as at the "
        "edge. false: that header comes from a gateway before it, and none but that may connect.",
    )
    max_token_bytes: int = Field(
        8192,
        ge=256,
        le=65536,
        description="Bytes of the largest token that is looked at; bounds the work an attacker buys.",
    )
    body: BodySettings | None = Field(
        None, description="Has Envoy send the body along, for request.body in CEL (docs/cel.md). Default: it does not."
    )
    route_metadata: list[Text] = Field(
        default=[],
        max_length=16,
        description="Namespaces of the metadata of Envoy's routes that it is to send along, for route.metadata in CEL.",
    )


class CacheSettings(Model):
    """What is remembered of tokens that were verified. Policy is looked at on every request all the same."""

    local_entries: int = Field(
        4096,
        ge=0,
        le=1_000_000,
        description="Tokens each server remembers by itself, with its answers for them, some 6 KiB each, in front of "
        "the shared memory; larger ones than 4 KiB are not. 0: none.",
    )


class Settings(ProcessSettings):
    """The whole configuration file."""

    listen: Annotated[str, checked(address.parse_anywhere)] = Field(
        "127.0.0.1:9191",
        description="Where Envoy asks the first server: unix:/path, unix:@name or a loopback address with a port; with "
        "'tls' any address.",
    )
    transport: Literal["auto", "native", "grpcio"] = Field(
        "auto",
        description="native: our own HTTP/2, a tenth of the cost, for this machine alone. grpcio: for TLS and other "
        "addresses. auto: native, unless there is 'tls'.",
    )
    tls: TlsSettings | None = Field(None, description="TLS, by the grpcio transport. Default: none.")
    forward_auth: ForwardAuthSettings | None = Field(
        None,
        description="Checks over HTTP as well, for nginx, Traefik or Envoy's http_service (docs/forward-auth.md). "
        "Default: none.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severity that is logged."
    )
    shutdown_grace_seconds: float = Field(
        10.0, ge=0, le=300, description="Seconds that checks under way get after SIGTERM. Less than Kubernetes' 30."
    )
    issuers: list[IssuerSettings] = Field(
        default=[], description="Whose tokens are taken. Required, unless there are 'api_keys' or 'istio'."
    )
    api_keys: ApiKeySettings | None = Field(None, description="API keys, instead of tokens or beside them.")
    request: RequestSettings = Field(default_factory=lambda: RequestSettings.model_validate({}))
    cache: CacheSettings = Field(default_factory=lambda: CacheSettings.model_validate({}))
    public: list[OperationSettings] = Field(
        default=[], description="Operations that need no token. Deny policies still hold."
    )
    cors_preflight: list[OperationSettings] = Field(
        default=[], description="Operations whose CORS preflight needs no token; browsers send none with it."
    )
    policies: list[PolicySettings] = Field(
        default=[], description="What a valid token may do. Without a match: denied."
    )
    policy_folder: Text | None = Field(
        None,
        description="A folder, such as a mounted ConfigMap, with more policies: its YAML files, by name, each with "
        "'policies', 'public' and 'cors_preflight' or some of them. Default: none.",
    )
    policy_bundle: PolicyBundleSettings | None = Field(
        None, description="More policies, signed, that are fetched over HTTPS (docs/bundles.md). Default: none."
    )
    istio: IstioSettings | None = Field(
        None, description="Documents of Istio's, as they are. A token is then needed where they say so. Default: none."
    )
    hooks: list[HookEntry] = Field(
        default=[],
        max_length=MOST_HOOKS,
        description="Python functions that are asked, in this order, about what policies do not deny. Default: none.",
    )
    hook_folder: Text | None = Field(
        None,
        description="A folder with the hooks' modules, looked into after all installed ones. Default: installed ones "
        "alone, and PYTHONPATH.",
    )
    dry_run: bool = Field(
        default=False,
        description="Enforces nothing at all: no policy, no token, no deadline (docs/dry-run.md). Identity headers are "
        "still those of verified tokens alone. What would have been denied is told in dynamic metadata and metrics.",
    )
    response: ResponseSettings = Field(default_factory=lambda: ResponseSettings.model_validate({}))
    assertion: AssertionSettings | None = Field(
        None, description="A token of ours about the identity, for the upstream (docs/minting.md). Default: none."
    )
    revocation: RevocationSettings | None = Field(None, description="Revoked tokens. Default: none are looked for.")
    decision_log: DecisionLogSettings = Field(default_factory=lambda: DecisionLogSettings.model_validate({}))
    tracing: TracingSettings | None = Field(
        None, description="Traces of checks, sent to a collector by OTLP (docs/tracing.md). Default: none."
    )
    warm_up: WarmUpSettings | None = Field(
        None, description="Keep the cache's identities for the next start (docs/warm-up.md). Default: it begins empty."
    )
    probe: ProbeSettings = Field(default_factory=lambda: ProbeSettings.model_validate({}))
    admin: AdminSettings = Field(default_factory=lambda: AdminSettings.model_validate({}))
    report: ReportSettings = Field(default_factory=lambda: ReportSettings.model_validate({}))
    native: NativeSettings = Field(default_factory=lambda: NativeSettings.model_validate({}))

    @property
    def denylist_bytes(self) -> int | None:
        """Return the size of the denylist; ``None`` where there is none."""
        return None if self.revocation is None else self.revocation.denylist_bytes

    @property
    def keeps_denials(self) -> bool:
        """Say whether denials of late are kept: where somebody can ask for them."""
        return self.decision_log.recent and self.admin.listen is not None

    @property
    def is_native(self) -> bool:
        """Say which transport it is."""
        return self.transport == "native" or (self.transport == "auto" and self.tls is None)
