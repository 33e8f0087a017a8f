"""The sidecar with everything on, by its transports, and variants that differ in one thing."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from peers.contender import Bench, Contender, Front
from peers.contenders import ext_authz
from peers.contenders.generated import whole_bootstrap
from peers.load import PATH
from peers.tokens import AUDIENCE, GROUP, ISSUER
from sidecar.demo.process import Process
from sidecar.demo.stack import sidecar_addresses, start_sidecar
from sidecar.demo.workspace import Workspace
from sidecar.keys.signing import key_set_document

#: One server, as the peers have one process; no verifiers, since Envoy and load need the other processor. The rest is
#: as it is by default: path mode reject, metrics and histogram, local and shared cache.
_CONFIGURATION = f"""\
transport: {{transport}}
listen: {{listen}}
servers: 1
verification_workers: 0
probe: {{{{listen: "127.0.0.1:0"}}}}
issuers:
  - {{{{issuer: "{ISSUER}", audiences: [{AUDIENCE}], keys: {{{{file: jwks.json}}}}}}}}
policies:
  - name: orders
    action: allow
    rules:
{{rules}}
response:
  identity_headers: {{{{claims: {{{{tenant: x-auth-tenant}}}}}}}}
  metadata_claims: [tenant, groups]
"""
_RULE = """\
      - to: [{{operation: {{methods: [GET], paths: ["{path}*"]}}}}]
        when: [{{key: "request.auth.claims[groups]", values: [{group}]}}]
"""
#: Four terms in CEL in place of the rule's condition: about endpoint and identity, and about what is asked each time.
_CEL = (
    "request.method == 'GET' && request.path.startsWith('/orders') && identity.claims.tenant != '' && "
    f"'{GROUP}' in identity.claims.groups"
)
_CEL_LIVE = (
    "!('x-blocked' in request.headers) && now > timestamp('2026-01-01T00:00:00Z') && source.address != '192.0.2.1' && "
    f"'{GROUP}' in identity.claims.groups"
)
_TENANT = f"{ext_authz.NAME}:claims:tenant"
RULES = (1, 10, 100, 1000)


def configuration(transport: str, listen: str, rules: int = 1) -> str:
    """Return the sidecar's configuration with so many rules, the last of which matches."""
    others = [_RULE.format(path=f"/service-{number}/", group=GROUP) for number in range(1, rules)]
    text = "".join([*others, _RULE.format(path=PATH, group=GROUP)])
    return _CONFIGURATION.format(transport=transport, listen=listen, rules=text.rstrip("\n"))


def configuration_with_cel(transport: str, listen: str, expression: str) -> str:
    """Return the sidecar's configuration whose one rule has ``expression`` as its condition."""
    text = configuration(transport, listen)
    return text.replace(f'{{key: "request.auth.claims[groups]", values: [{GROUP}]}}', f'{{cel: "{expression}"}}')


def run(bench: Bench, stack: ExitStack, text: str) -> tuple[Process, str]:
    """Run the sidecar until ``stack`` closes; return its supervisor and its server's address."""
    workspace = Workspace(bench.folder, bench.keys.issuer, bench.keys.stranger)
    workspace.config.write_text(text, encoding="utf-8")
    (bench.folder / "jwks.json").write_text(key_set_document([bench.keys.issuer]), encoding="utf-8")
    process = stack.enter_context(start_sidecar(workspace))
    return process, sidecar_addresses(process)[0]


def listen_address(bench: Bench, *, unix: bool) -> str:
    """Return the address to listen on, in the contender's folder or a free port on loopback."""
    return f"unix:{bench.folder}/authz.sock" if unix else "127.0.0.1:0"


def _start(  # noqa: PLR0913 - each is what one variant differs in
    bench: Bench,
    stack: ExitStack,
    transport: str,
    *,
    unix: bool = True,
    rules: int = 1,
    raw: bool = False,
    generated: bool = False,
    cel: str = "",
) -> Front:
    listen = listen_address(bench, unix=unix)
    text = configuration_with_cel(transport, listen, cel) if cel else configuration(transport, listen, rules)
    process, address = run(bench, stack, text)
    if generated:
        return Front(process=process, bootstrap=whole_bootstrap(address, _TENANT))
    filters = ext_authz.filters(address, encode_raw_headers=raw)
    return Front(filters, ext_authz.cluster(address), process, _TENANT)


_SETTINGS = "1 server, 0 verifiers, everything else on or as by default"
CONTENDERS = (
    Contender("native-tcp", "ours, native, TCP", f"{_SETTINGS}; TCP", partial(_start, transport="native", unix=False)),
    Contender("native-uds", "ours, native, UDS", f"{_SETTINGS}; Unix socket", partial(_start, transport="native")),
    Contender("grpcio", "ours, grpcio, UDS", f"{_SETTINGS}; Unix socket", partial(_start, transport="grpcio")),
)


def variants(transport: str) -> Sequence[Contender]:
    """Return the variants, over Unix sockets: number of rules, raw headers, tracing."""
    start = partial(_start, transport=transport)
    return (
        Contender("ours-raw", "ours, raw headers", "encode_raw_headers", partial(start, raw=True), variant=True),
        Contender("ours-traced", "ours, traced", "Envoy traces every request", start, variant=True, traced=True),
        Contender("ours-cel", "ours, CEL", "four terms in CEL", partial(start, cel=_CEL), variant=True),
        Contender(
            "ours-cel-live",
            "ours, CEL on the request",
            "four terms in CEL, three of them asked in each check",
            partial(start, cel=_CEL_LIVE),
            variant=True,
        ),
        Contender(
            "ours-generated",
            "ours, generated Envoy",
            "the whole generated bootstrap instead of the filter alone",
            partial(start, generated=True),
            variant=True,
        ),
        *(
            Contender(
                f"rules-{number}",
                f"ours, rules: {number}",
                "the last matches",
                partial(start, rules=number),
                variant=True,
            )
            for number in RULES
        ),
    )
