"""Envoy's options that must equal what a sidecar's configuration says."""

from dataclasses import dataclass
from typing import Protocol

from sidecar.core.headers_read import OVERRIDE_HEADERS
from sidecar.core.trust import Trust
from sidecar.envoy_config.options import CHECK_SECONDS, EnvoyOptions
from sidecar.envoy_config.tls import SidecarTls
from sidecar.transport.deadline import OF_THE_DEADLINE


def _asking_seconds(trust: Trust) -> float:
    """Return how long a check may have to wait for an issuer, which it has the time for beside its own."""
    issuers = trust.issuers.values()
    asked = (one.introspection.timeout for one in issuers if one.introspection)
    return max(*asked, *(one.refetch_wait for one in issuers), 0.0, 0.0)


class Served(Protocol):
    """A sidecar's ``tls``."""

    @property
    def client_ca_file(self) -> str | None:
        """Whose certificates it asks Envoy for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What a sidecar with TLS cannot know of how Envoy reaches it; named as the options of ``envoy config`` are."""

    sidecar_name: str | None = None
    """``SidecarTls.name``."""

    secrets: str | None = None
    """``SidecarTls.secrets``."""

    sidecar_address: str | None = None
    """The IP address or DNS name to connect to, in place of the one that the servers listen on."""


NEARBY = Reached()


def options_for(
    trust: Trust,
    addresses: tuple[str, ...],
    served: Served | None,
    reached: Reached = NEARBY,
    *,
    all_headers: bool = False,
) -> EnvoyOptions:
    """Return the options of an Envoy that asks a sidecar under ``trust``, whose servers listen on ``addresses``.

    ``served``: the sidecar's ``tls``; ``reached``: what Envoy then has to know. ``all_headers``: have it send those too
    that no policy looks at. Raises ``ValueError``, which says what to give, where one side would speak TLS alone.
    """
    response = trust.response
    return EnvoyOptions(
        authz_addresses=addresses if reached.sidecar_address is None else _moved(addresses, reached.sidecar_address),
        authz_tls=_tls(served, reached),
        identity_headers=response.stripped_headers,
        override_headers=OVERRIDE_HEADERS if response.strip_override_headers else (),
        forward_token=response.forward_token,
        token_headers=response.token_headers,
        path_mode=trust.path_mode,
        peer_certificate=any(one.bound is not None and one.bound.mtls for one in trust.issuers.values()),
        timeout_seconds=CHECK_SECONDS + _asking_seconds(trust) / OF_THE_DEADLINE,
        max_body_bytes=trust.max_body_bytes,
        route_metadata=trust.route_metadata,
        allow_partial_message=trust.takes_partial_bodies,
        validate_mutations=not trust.effects.set_parameters,
        allowed_headers=None if all_headers else tuple(sorted(trust.headers_read)),
    )


def _tls(served: Served | None, reached: Reached) -> SidecarTls | None:
    if served is None:
        if reached != NEARBY:
            raise ValueError(
                "the sidecar has no 'tls', and listens on this machine alone: leave out --sidecar-name, --secrets and "
                "--sidecar-address, or give it 'tls'"
            )
        return None
    if reached.sidecar_name is None or reached.secrets is None:
        raise ValueError(
            "the sidecar has 'tls', so Envoy has to know whom to expect: add --sidecar-name NAME (a DNS name, IP "
            "address or URI in its certificate) and --secrets FOLDER (which 'authz-sidecar envoy secrets' fills)"
        )
    return SidecarTls(reached.sidecar_name, reached.secrets, served.client_ca_file is not None)


def _moved(addresses: tuple[str, ...], host: str) -> tuple[str, ...]:
    host = f"[{host}]" if ":" in host else host
    return tuple(f"{host}:{address.rpartition(':')[2]}" for address in addresses)
