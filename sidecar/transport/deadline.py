"""How much of the caller's deadline a check may take."""

from typing import Final

#: A denial that comes too late reaches nobody: Envoy sees a gRPC error, and lets the request in where
#: ``failure_mode_allow`` is set. ``grpc-timeout`` names the time of the whole check on every try; but with retries, as
#: the generated configuration has them, Envoy gives up each try after half of it (docs/decisions/0003). A little less
#: than half is for the check, the rest for the way back.
OF_THE_DEADLINE: Final = 0.45
