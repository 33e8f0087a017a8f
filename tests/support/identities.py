"""Identities for policy and headers, as the core makes them of verified claims."""

from typing import Any

from sidecar.core.identity import Identity, identity_of
from support.keypairs import pair
from support.tokens import claims
from support.trusts import issuer


def identity(**changes: Any) -> Identity:  # noqa: ANN401 - any claim
    """Return the identity of good claims with ``changes``."""
    return identity_of(claims(**changes), issuer(), pair().public)
