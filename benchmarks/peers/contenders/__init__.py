"""All contenders, in the order they are shown in."""

from collections.abc import Sequence

from peers.contender import Contender
from peers.contenders import go, jwt_authn, none, opa, ours

#: One of ours that variants, aims and comparisons are about, for each transport.
REFERENCES = {"native": "native-uds", "grpcio": "grpcio"}


def contenders(transport: str) -> Sequence[Contender]:
    """Return contenders and variants; ``transport`` is the one of ours that the variants have."""
    return (
        *none.CONTENDERS,
        *jwt_authn.CONTENDERS,
        *ours.CONTENDERS,
        *go.CONTENDERS,
        *opa.CONTENDERS,
        *ours.variants(transport),
        *go.VARIANTS,
        *opa.VARIANTS,
    )
