"""TLS towards a sidecar that has ``tls``: what the cluster says, and the secrets beside the bootstrap.

Certificates are renewed, and Envoy must notice. Seen with Envoy 1.40: files that the bootstrap names itself are read
once. Those that a secret names are read again; secrets come from files too (SDS, ``path_config_source``), one in each.
What is noticed is a *move* into the watched folder, which is how Kubernetes and cert-manager renew; never a file that
is written in place. A certificate whose key has not come yet is refused, and the pair in use stays in use.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.extensions.transport_sockets.tls import v3 as tls
from envoy_data_plane.envoy.service.discovery import v3 as discovery
from envoy_data_plane.envoy.type.matcher import v3 as matcher
from envoy_data_plane.google.protobuf import Any

from sidecar.envoy_config.address import is_name

#: Names of the secrets, and of their files before ``.json``.
CA = "sidecar-ca"
CERTIFICATE = "client-certificate"

_URI = re.compile(r"[a-z][a-z0-9+.-]*://[!-~]+")


@dataclass(frozen=True, slots=True)
class SidecarTls:
    """What Envoy must know of a sidecar with TLS. Raises ``ValueError``, naming the field."""

    name: str
    """Who the sidecar must be: a DNS name, IP address or URI (``spiffe://…``) among its certificate's names (SAN)."""

    secrets: str
    """The folder, as Envoy sees it, with the files that ``secrets`` makes. Absolute."""

    client_certificate: bool = True
    """Show a certificate of ours: the sidecar has ``client_ca_file``."""

    def __post_init__(self) -> None:
        """Refuse what Envoy would take and nobody means."""
        self.matched()
        absolute("secrets", self.secrets)

    def matched(self) -> tuple[tls.SubjectAltNameMatcherSanType, str]:
        """Return which kind of name it is, and the name as it stands in certificates."""
        kinds = tls.SubjectAltNameMatcherSanType
        if _URI.fullmatch(self.name):
            return kinds.URI, self.name
        try:
            return kinds.IP_ADDRESS, str(ipaddress.ip_address(self.name))
        except ValueError:
            if is_name(self.name):
                return kinds.DNS, self.name
        raise ValueError(f"the sidecar's name: {self.name!r} is no DNS name, IP address or URI")


def absolute(what: str, path: str) -> PurePosixPath:
    """Return a path that means the same wherever Envoy was started; raises ``ValueError``."""
    if not path.startswith("/"):
        raise ValueError(f"{what}: {path!r} is relative, and Envoy may be started anywhere; write an absolute path")
    return PurePosixPath(path)


def transport_socket(options: SidecarTls) -> core.TransportSocket:
    """Return the cluster's transport socket; health checks go through it as well."""
    kind, name = options.matched()
    only = tls.SubjectAltNameMatcher(san_type=kind, matcher=matcher.StringMatcher(exact=name))
    latest = tls.TlsParametersTlsProtocol.TLSv1_3
    common = tls.CommonTlsContext(
        # Envoy's own is TLS 1.2, as a client. gRPC's server has had 1.3 for years.
        tls_params=tls.TlsParameters(tls_minimum_protocol_version=latest, tls_maximum_protocol_version=latest),
        # gRPC's server closes a connection without it.
        alpn_protocols=["h2"],
        combined_validation_context=tls.CommonTlsContextCombinedCertificateValidationContext(
            # INVARIANT: a CA's signature alone is not enough, or whatever else it signed for could decide.
            default_validation_context=tls.CertificateValidationContext(match_typed_subject_alt_names=[only]),
            validation_context_sds_secret_config=_secret(options, CA),
        ),
        tls_certificate_sds_secret_configs=[_secret(options, CERTIFICATE)] if options.client_certificate else [],
    )
    # An address is no server name (RFC 6066, section 3), and a URI neither.
    sni = name if kind is tls.SubjectAltNameMatcherSanType.DNS else ""
    context = tls.UpstreamTlsContext(common_tls_context=common, sni=sni)
    return core.TransportSocket(name="envoy.transport_sockets.tls", typed_config=Any.pack(context))


def node() -> core.Node:
    """Return who Envoy says it is: it takes no secrets without. ``--service-node`` still overrides."""
    return core.Node(id="envoy", cluster="envoy")


def _secret(options: SidecarTls, name: str) -> tls.SdsSecretConfig:
    path = str(PurePosixPath(options.secrets) / f"{name}.json")
    source = core.ConfigSource(
        path_config_source=core.PathConfigSource(path=path), resource_api_version=core.ApiVersion.V3
    )
    return tls.SdsSecretConfig(name=name, sds_config=source)


def secrets(ca: str, pair: tuple[str, str] | None) -> Iterator[tuple[str, str]]:
    """Yield the name and content (ProtoJSON) of each file that belongs into ``SidecarTls.secrets``.

    ``ca``: the CAs of the sidecar's certificate. ``pair``: Envoy's own certificate, with its chain, and its key. All
    are absolute paths of PEM files as Envoy sees them. Raises ``ValueError``.
    """
    trusted = tls.CertificateValidationContext(
        trusted_ca=core.DataSource(filename=ca), watched_directory=_watched(absolute("the sidecar's CA", ca))
    )
    yield _file(tls.Secret(name=CA, validation_context=trusted))
    if pair is None:
        return
    chain, key = absolute("the client's certificate", pair[0]), absolute("its key", pair[1])
    if chain.parent != key.parent:
        raise ValueError(f"{chain} and {key}: Envoy watches one folder for both; put them into one")
    ours = tls.TlsCertificate(
        certificate_chain=core.DataSource(filename=str(chain)),
        private_key=core.DataSource(filename=str(key)),
        watched_directory=_watched(chain),
    )
    yield _file(tls.Secret(name=CERTIFICATE, tls_certificate=ours))


def _watched(file: PurePosixPath) -> core.WatchedDirectory:
    return core.WatchedDirectory(path=str(file.parent))


def _file(secret: tls.Secret) -> tuple[str, str]:
    return f"{secret.name}.json", discovery.DiscoveryResponse(resources=[Any.pack(secret)]).to_json(indent=2)
