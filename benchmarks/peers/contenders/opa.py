"""OPA with its Envoy plugin, where a binary of it is named."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from peers.contender import Bench, Contender, Front, NotAvailableError
from peers.contenders import ext_authz
from peers.load import PATH
from peers.tokens import AUDIENCE, GROUP, ISSUER
from sidecar.demo.process import Process
from sidecar.keys.signing import key_set_document

_POLICY = Path(__file__).with_name("policy.rego")
#: OPA's cache of verified tokens, off by default; above the thousand there are. The plugin of OPA 1.19 gives its policy
#: no such cache, whatever is configured, and so verifies every time.
_CACHED_TOKENS = 10_000


def _configuration(socket: Path) -> dict[str, object]:
    return {
        "plugins": {
            "envoy_ext_authz_grpc": {
                "addr": f"unix://{socket}",
                "path": "envoy/authz/decision",
                # There are no bodies here.
                "skip-request-body-parse": True,
            }
        },
        "caching": {"inter_query_builtin_value_cache": {"named": {"io_jwt": {"max_num_entries": _CACHED_TOKENS}}}},
    }


def _start(bench: Bench, stack: ExitStack, environment: Mapping[str, str] | None = None) -> Front:
    if bench.tools.opa is None:
        raise NotAvailableError(
            "no binary of OPA with its Envoy plugin was named (--opa PATH; make bench-peers OPA=PATH)"
        )
    socket, config, data = bench.folder / "opa.sock", bench.folder / "opa.json", bench.folder / "data.json"
    config.write_text(json.dumps(_configuration(socket)), encoding="utf-8")
    settings = {"jwks": key_set_document([bench.keys.issuer]), "issuer": ISSUER, "audience": AUDIENCE}
    data.write_text(json.dumps({"settings": {**settings, "prefix": PATH, "group": GROUP}}), encoding="utf-8")
    command = [str(bench.tools.opa), "run", "--server", "--addr", f"unix://{bench.folder}/opa-api.sock"]
    command += ["--config-file", str(config), "--log-level", "error", "--disable-telemetry", str(_POLICY), str(data)]
    process = stack.enter_context(Process(command, bench.folder / "opa.log", environment))
    process.wait_for(socket.exists, "OPA")
    address = f"unix:{socket}"
    # It has no gRPC health service.
    clusters = ext_authz.cluster(address, health_checked=False)
    return Front(ext_authz.filters(address), clusters, process, f"{ext_authz.NAME}:claims:tenant")


_SETTINGS = (
    f"io.jwt.decode_verify; io_jwt cache of {_CACHED_TOKENS} tokens (the plugin of 1.19 does not use it); no bodies, "
    "no decision log"
)
CONTENDERS = (Contender("opa", "OPA's Envoy plugin", f"{_SETTINGS}; Unix socket", _start),)
VARIANTS = (
    Contender(
        "opa-gogc",
        "OPA, GOGC=400",
        "less garbage collection",
        partial(_start, environment={"GOGC": "400"}),
        variant=True,
    ),
)
