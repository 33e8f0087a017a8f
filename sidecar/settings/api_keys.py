"""API keys: where they are listed, and where clients send them."""

from pydantic import Field

from sidecar.core.source import Source
from sidecar.settings.base import Model, Text
from sidecar.settings.credential import Credentials, sources_of

#: What most services call it.
USUAL_API_KEY = Source("header", "x-api-key")


class ApiKeySettings(Model):
    """API keys, known by their hashes alone."""

    file: Text = Field(
        description="One key a line, as 'authz-sidecar keys api-key' prints it; a relative path is relative to the "
        "configuration's folder. Watched: a key that is removed is refused within seconds."
    )
    issuer: Text = Field(
        "api-keys", description="What stands in for 'iss': a key's principal is this, '/' and its subject."
    )
    credentials: Credentials = Field(
        default=[], description="Where they are taken from, as for an issuer. Default: the header x-api-key."
    )

    def sources(self) -> frozenset[Source]:
        """Return the places they are taken from."""
        return sources_of(self.credentials) if self.credentials else frozenset({USUAL_API_KEY})
