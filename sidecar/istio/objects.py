"""What kind of object a document is, and what all kinds have: Kubernetes' metadata, and Istio's selector."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from sidecar.settings.base import Model
from sidecar.settings.istio import Namespace

GROUP = "security.istio.io"
VERSIONS = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
DRY_RUN = "istio.io/dry-run"


class Kind(StrEnum):
    """The kinds that there are in ``GROUP``."""

    AUTHORIZATION = "AuthorizationPolicy"
    AUTHENTICATION = "RequestAuthentication"
    PEERS = "PeerAuthentication"


#: What Kubernetes writes into metadata and nobody reads here.
_OTHERS = frozenset(
    {
        *("labels", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "selfLink"),
        *("deletionGracePeriodSeconds", "finalizers", "generateName", "managedFields", "ownerReferences"),
    }
)


def refused(text: str) -> BeforeValidator:
    """Return a validator for a field that is known and not taken: ``text`` says what to do instead."""

    def refuse(_value: object) -> object:
        raise ValueError(text)

    return BeforeValidator(refuse)


class Metadata(Model):
    """Kubernetes' ObjectMeta."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
    namespace: Namespace | None = None
    annotations: dict[str, str] = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _without_others(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: member for name, member in value.items() if name not in _OTHERS}


class Selector(Model):
    """Which workloads a document is for: those that have all of the labels."""

    labels: dict[str, str] = Field(default={}, alias="matchLabels")


class Chosen(Model):
    """The part of a specification that says which workloads it is for. The rest is looked at for who is among them."""

    model_config = ConfigDict(extra="ignore")

    selector: Selector = Field(default_factory=lambda: Selector.model_validate({}))


class Envelope(Model):
    """What is looked at of each object, also of those that are for other workloads."""

    api_version: str = Field(alias="apiVersion")
    kind: str
    metadata: Metadata
    spec: Chosen = Field(default_factory=lambda: Chosen.model_validate({}))


def kind_of(values: Mapping[str, object]) -> Kind | None:
    """Return the kind of an object, ``None`` for one of other groups; raises ``ValueError``.

    INVARIANT: what somebody may have meant as a policy is never taken for something else, which would be left out.
    """
    version, kind = values.get("apiVersion"), values.get("kind")
    if not (isinstance(version, str) and isinstance(kind, str) and version and kind):
        raise ValueError("is no object of Kubernetes': it takes 'apiVersion' and 'kind', both text")
    # Lists too, of which those that are one have been taken apart by now.
    known = {one.lower(): one for one in (*Kind, "")}.get(kind.lower().removesuffix("list"))
    group = version.partition("/")[0]
    if version in VERSIONS and kind in set(Kind):
        return Kind(kind)
    if known is None and group.lower() != GROUP:
        return None
    kinds = ", ".join(Kind)
    raise ValueError(f"found {kind} of {version!r}; of Istio's are known {kinds}, of {' and '.join(VERSIONS)}")


def members_of(values: Mapping[str, object]) -> int | None:
    """Return how many objects a list has, as ``kubectl get`` writes it, ``None`` for what is no list.

    Raises ``ValueError``.
    """
    kind, version = values.get("kind"), values.get("apiVersion")
    lists = {f"{one}List" for one in Kind}
    if not ((kind == "List" and version == "v1") or (kind in lists and version in VERSIONS)):
        return None
    items = values.get("items")
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise ValueError("is a list of objects, and has no 'items' that are mappings")
    return len(items)
