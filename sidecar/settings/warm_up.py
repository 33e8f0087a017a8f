"""What a sidecar keeps for its next start."""

from pydantic import Field

from sidecar.settings.base import Model, Text


class WarmUpSettings(Model):
    """A snapshot of the identities in the shared cache, so that a restart does not verify all tokens again."""

    snapshot_file: Text = Field(
        description="The file, mode 0600, in a folder that the sidecar may write to and that outlives it. Digests of "
        "tokens and identities are in it, never a token. A relative path is relative to the configuration's folder."
    )
    key_file: Text = Field(
        description="A file with 32 to 64 random bytes, from a Secret: it seals the snapshot, and the shared cache's "
        "keys are made of it. With another key the snapshot is refused."
    )
    every_seconds: float = Field(
        300.0,
        ge=10,
        le=86400,
        description="Seconds between two snapshots; one more is made at the end. What is newer is verified again.",
    )
