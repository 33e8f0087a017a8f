"""The name of what is served, as Envoy calls it and asks for its health."""

from typing import Final

SERVICE: Final = "envoy.service.auth.v3.Authorization"
