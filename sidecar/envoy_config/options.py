"""What can be chosen about the generated Envoy configuration."""

import re
from dataclasses import dataclass

from sidecar.core.headers_read import OVERRIDE_HEADERS
from sidecar.core.path import PathMode, is_normal
from sidecar.envoy_config.address import is_near, socket_or_pipe
from sidecar.envoy_config.tls import SidecarTls

_HEADER_NAME = re.compile(r"[a-z0-9-]+")
_MAX_PORT = 65535
#: Envoy's own, for a check that asks nobody.
CHECK_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoyOptions:
    """Choices for one Envoy that asks this sidecar; every default is the safe one.

    Raises ``ValueError``, naming the field, for a value that Envoy would refuse or that would weaken the protection.
    """

    listener_address: str = "127.0.0.1"
    """IP address clients connect to. Default loopback: opening it to the network is a decision, not an accident."""

    listener_port: int = 8080
    """TCP port clients connect to; 0 lets the kernel choose (read it from the admin's ``/listeners``)."""

    admin_address: str = "127.0.0.1"
    """IP address of Envoy's admin interface. Default loopback: whoever reaches it can stop or reconfigure Envoy."""

    admin_port: int = 9901
    """TCP port of the admin interface; 0 lets the kernel choose (Envoy writes it to ``--admin-address-path``)."""

    upstream_address: str = "127.0.0.1"
    """IP address or DNS name of the protected application. Default loopback: Envoy runs beside it."""

    upstream_port: int = 8081
    """TCP port of the protected application (HTTP/1.1)."""

    authz_addresses: tuple[str, ...] = ("unix:/run/authz/authz.sock",)
    """Where the sidecar's server processes listen: ``unix:/path``, ``unix:@abstract`` or ``127.0.0.1:9191``, one each.

    Separate endpoints, so that Envoy balances, health-checks and retries every process by itself. Default one Unix
    socket: file permissions decide who may ask. With ``authz_tls`` addresses of the network, and DNS names as well.
    """

    authz_tls: SidecarTls | None = None
    """TLS towards the sidecar. Default none: it is on this machine. Must be given exactly where the sidecar has it."""

    identity_headers: tuple[str, ...] = ("x-auth-subject", "x-auth-issuer", "x-auth-scopes")
    """Lower-case header names that only the sidecar may set: removed from every request before anything else.

    The sidecar removes them too, but it is not asked on unprotected paths nor, under ``failure_mode_allow``, when dead.
    """

    override_headers: tuple[str, ...] = OVERRIDE_HEADERS
    """Lower-case names of headers that make an upstream act on another method or path than was decided on.

    Removed from every request. Default those that frameworks are known to heed; empty keeps them all.
    """

    forward_token: bool = True
    """Let the application have the headers with credentials. Must equal the sidecar's own setting.

    Where off, Envoy takes it off as well: the sidecar is not asked on unprotected paths nor, failing open, when dead.
    """

    token_headers: tuple[str, ...] = ("authorization",)
    """Lower-case names of the headers that credentials come in, for ``forward_token``. Cookies the sidecar removes."""

    path_mode: PathMode = PathMode.REJECT
    """How a path must be spelt. Default ``reject``: what is not in normal form is refused, never rewritten.

    Must equal the sidecar's own setting: the other modes (Istio's) let Envoy normalise before the sidecar looks.
    """

    timeout_seconds: float = CHECK_SECONDS
    """Seconds for one check, retries included. Default Envoy's own: a healthy check takes well under a millisecond."""

    failure_mode_allow: bool = False
    """Let requests in *unchecked* when the sidecar cannot answer. Default off: no answer is a refusal (503)."""

    encode_raw_headers: bool = False
    """Send headers one by one and unsanitised (``header_map``) instead of joined by commas (``headers``).

    Default off: reading ``headers`` costs a third (1.6 against 4.9 µs for 15 headers). The sidecar reads both.
    """

    allowed_headers: tuple[str, ...] | None = None
    """Lower-case names of the headers that the sidecar is sent; ``None`` sends all, which costs both sides more.

    Those of the sidecar's ``Trust.headers_read`` at least. Beside each request stands which they are, and a sidecar
    whose policies look at others denies with ``envoy_config_stale``. Names with odd characters are sent in any case:
    an upstream may take one for an identity header, and the sidecar has it removed.
    """

    peer_certificate: bool = False
    """Send the client's certificate along, for tokens that are bound to one (RFC 8705). Default off: it is some KiB."""

    max_body_bytes: int = 0
    """Bytes of a request's body that the sidecar is sent. Default 0: none, and nothing waits for it.

    That of the sidecar's ``Trust`` at least where its policies look at bodies: without, it denies with
    ``envoy_config_stale``.
    """

    route_metadata: tuple[str, ...] = ()
    """Namespaces of the routes' metadata that the sidecar is sent. Default: none."""

    allow_partial_message: bool = False
    """Let larger bodies pass, of which the sidecar is sent the beginning. Default off: Envoy answers 413."""

    validate_mutations: bool = True
    """Answer 500 in place of a change that HTTP cannot carry. Default on: the sidecar makes none.

    Off where policies set query parameters: Envoy (1.40) takes every percent-encoding for one.
    """

    unprotected_paths: tuple[str, ...] = ()
    """Exact paths (no query) that go to the application without a check. Default none. In normal form.

    For what must answer while the sidecar is dead; a path that is public by policy belongs into the sidecar's policy.
    """

    max_connections: int = 10_000
    """Connections of clients at one time; those beyond are closed. Default: well below 1 GiB of buffers, all filled.

    Set it to what memory and file descriptors (two a connection) allow. The admin port is not counted.
    """

    trace_to: str | None = None
    """Collector that takes OTLP over gRPC, ``IP:PORT`` or ``NAME:PORT``, reached in the clear: Envoy sends it spans.

    Default none. With it each check belongs to a trace: Envoy names its span for the check in the call's metadata.
    """

    trace_percent: float = 1.0
    """Per cent of the requests that Envoy traces, of those that belong to no trace yet. Default 1 in 100."""

    trace_clients: bool = False
    """Whether Envoy goes on with a trace that a client names, sampled if the client says so.

    Default no: such headers are taken off where Envoy traces, since clients are anybody.
    """

    trace_service_name: str = "envoy"
    """What Envoy's spans call it (``service.name``)."""

    def __post_init__(self) -> None:
        """Refuse what Envoy would refuse later, or worse, accept."""
        for name in ("listener_port", "admin_port", "upstream_port"):
            _require(0 <= getattr(self, name) <= _MAX_PORT, f"{name}: not a port (0 to {_MAX_PORT})")
        _require(self.max_connections > 0, "max_connections: must be above 0; Envoy takes 0 for no connection at all")
        _require(self.timeout_seconds > 0, "timeout_seconds: must be above 0; Envoy takes 0 for no timeout at all")
        _require(bool(self.authz_addresses), "authz_addresses: name at least one sidecar endpoint")
        for address in self.authz_addresses:
            found = socket_or_pipe(address, by_name=self.authz_tls is not None)
            _require(
                self.authz_tls is not None or is_near(found),
                f"authz_addresses: {address} is beyond this machine, where whoever sits on the network could answer "
                "in the sidecar's place; give authz_tls",
            )
            _require(
                self.authz_tls is None or not address.startswith("unix:"),
                f"authz_tls: {address} is a socket of this machine; its permissions protect it, TLS is for IP:PORT",
            )
        _require(0 <= self.trace_percent <= 100, "trace_percent: must be from 0 to 100")  # noqa: PLR2004 - per cent
        _require(self.trace_to is None or _is_collector(self.trace_to), "trace_to: write IP:PORT or NAME:PORT")
        for name in ("identity_headers", "override_headers", "token_headers", "allowed_headers"):
            for header in getattr(self, name) or ():
                _require(_HEADER_NAME.fullmatch(header) is not None, f"{name}: {header!r} is not [a-z0-9-]+")
        for path in self.unprotected_paths:
            _require(is_normal(path, PathMode.REJECT), f"unprotected_paths: {path!r} is not in normal form")


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 - an assertion reads best positionally
    if not condition:
        raise ValueError(message)


def _is_collector(text: str) -> bool:
    try:
        return socket_or_pipe(text, by_name=True).socket_address is not None
    except ValueError:
        return False
