"""A file of the policy folder."""

from pydantic import Field

from sidecar.settings.base import Model
from sidecar.settings.policy import OperationSettings, PolicySettings


class PolicyFile(Model):
    """Policies and operations that are added to those of the configuration, behind what is there."""

    policies: list[PolicySettings] = Field(default=[], description="Policies, as in the configuration.")
    public: list[OperationSettings] = Field(default=[], description="Operations that need no token.")
    cors_preflight: list[OperationSettings] = Field(
        default=[], description="Operations whose CORS preflight needs no token."
    )
