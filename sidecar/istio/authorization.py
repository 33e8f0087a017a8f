"""What may stand in an AuthorizationPolicy. What patterns look like is looked at in our own policies' settings."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sidecar.istio.objects import DRY_RUN, Metadata, Selector, refused
from sidecar.settings.base import Model
from sidecar.settings.policy import Port

_Texts = Annotated[list[str] | None, Field(min_length=1)]
_CUSTOM = (
    "found 'CUSTOM': this sidecar is what a CUSTOM policy asks; leave the document in the cluster, and take it out of "
    "this folder"
)
TARGETS = (
    "names a gateway, waypoint or service, which nobody can tell from here; write a 'selector' with labels of the "
    "workload, or take the document out of this folder"
)


def _refuse_custom(value: object) -> object:
    if value == "CUSTOM":
        raise ValueError(_CUSTOM)
    return value


_not_custom = BeforeValidator(_refuse_custom)


class Source(Model):
    """``from.source``."""

    principals: _Texts = None
    not_principals: _Texts = Field(None, alias="notPrincipals")
    request_principals: _Texts = Field(None, alias="requestPrincipals")
    not_request_principals: _Texts = Field(None, alias="notRequestPrincipals")
    namespaces: _Texts = None
    not_namespaces: _Texts = Field(None, alias="notNamespaces")
    service_accounts: _Texts = Field(None, alias="serviceAccounts")
    not_service_accounts: _Texts = Field(None, alias="notServiceAccounts")
    ip_blocks: _Texts = Field(None, alias="ipBlocks")
    not_ip_blocks: _Texts = Field(None, alias="notIpBlocks")
    remote_ip_blocks: _Texts = Field(None, alias="remoteIpBlocks")
    not_remote_ip_blocks: _Texts = Field(None, alias="notRemoteIpBlocks")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        accounts = self.service_accounts or self.not_service_accounts
        if accounts and (self.principals or self.not_principals or self.namespaces or self.not_namespaces):
            raise ValueError("'serviceAccounts' stands without 'principals' and 'namespaces', as Istio has it")
        return self


class From(Model):
    """One entry of ``from``."""

    source: Source


class Operation(Model):
    """``to.operation``."""

    hosts: _Texts = None
    not_hosts: _Texts = Field(None, alias="notHosts")
    ports: Annotated[list[Port] | None, Field(min_length=1)] = None
    not_ports: Annotated[list[Port] | None, Field(min_length=1)] = Field(None, alias="notPorts")
    methods: _Texts = None
    not_methods: _Texts = Field(None, alias="notMethods")
    paths: _Texts = None
    not_paths: _Texts = Field(None, alias="notPaths")


class To(Model):
    """One entry of ``to``."""

    operation: Operation


class Condition(Model):
    """One entry of ``when``."""

    key: str
    values: _Texts = None
    not_values: _Texts = Field(None, alias="notValues")


class Rule(Model):
    """One rule."""

    from_: Annotated[list[From] | None, Field(min_length=1)] = Field(None, alias="from")
    to: Annotated[list[To] | None, Field(min_length=1)] = None
    when: Annotated[list[Condition] | None, Field(min_length=1)] = None


class AuthorizationPolicySpec(Model):
    """``spec``."""

    selector: Selector | None = None
    target_ref: Annotated[Any, refused(TARGETS)] = Field(None, alias="targetRef")
    target_refs: Annotated[Any, refused(TARGETS)] = Field(None, alias="targetRefs")
    action: Annotated[Literal["ALLOW", "DENY", "AUDIT"], _not_custom] = "ALLOW"
    provider: Annotated[Any, refused("goes with 'action: CUSTOM' alone, which is not taken")] = None
    rules: list[Rule] = Field(default=[])


class PolicyMetadata(Metadata):
    """Metadata, with the annotation that is read."""

    @model_validator(mode="after")
    def _dry_or_not(self) -> Self:
        if self.annotations.get(DRY_RUN, "false") not in {"true", "false"}:
            raise ValueError(f"annotation {DRY_RUN}: allowed: 'true' and 'false'")
        return self


class AuthorizationPolicy(Model):
    """The whole document."""

    api_version: str = Field(alias="apiVersion")
    kind: str
    metadata: PolicyMetadata
    spec: AuthorizationPolicySpec = Field(default_factory=lambda: AuthorizationPolicySpec.model_validate({}))
