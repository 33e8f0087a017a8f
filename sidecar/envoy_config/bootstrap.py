"""A complete Envoy bootstrap for one application and one sidecar."""

from envoy_data_plane.envoy.config.bootstrap import v3 as envoy_bootstrap

from sidecar.envoy_config import clusters, limits, listener, telemetry
from sidecar.envoy_config.address import socket
from sidecar.envoy_config.options import EnvoyOptions
from sidecar.envoy_config.tls import node


def bootstrap(options: EnvoyOptions) -> envoy_bootstrap.Bootstrap:
    """Return the typed bootstrap; it depends on nothing but ``options``."""
    return envoy_bootstrap.Bootstrap(
        node=None if options.authz_tls is None else node(),
        admin=envoy_bootstrap.Admin(
            address=socket(options.admin_address, options.admin_port),
            # The operator's way in while clients hold all connections there are.
            ignore_global_conn_limit=True,
        ),
        static_resources=envoy_bootstrap.BootstrapStaticResources(
            listeners=[listener.ingress(options)],
            clusters=[clusters.app(options), clusters.authz(options), *telemetry.collector(options)],
        ),
        overload_manager=limits.overload_manager(options.max_connections),
        layered_runtime=limits.runtime(),
    )


def to_json(options: EnvoyOptions) -> str:
    """Return the bootstrap as ProtoJSON, which Envoy reads with ``-c FILE.json``."""
    return bootstrap(options).to_json(indent=2)
