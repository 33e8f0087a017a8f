"""The minimal Go server of ``go/``, built here, with all processors and with one."""

import json
import os
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from peers.contender import Bench, Contender, Front, NotAvailableError
from peers.contenders import ext_authz
from peers.load import PATH
from peers.tokens import AUDIENCE, GROUP, ISSUER
from sidecar.demo.process import Process

SOURCE = Path(__file__).parents[1] / "go"
_MAX_TOKENS = 200_000
_TENANT = f"{ext_authz.NAME}:claims:tenant"
#: The build, kept between rounds; Go's own cache makes a second one cheap, not free.
_BINARY = "go-server"


def _build(bench: Bench) -> Path:
    go = bench.tools.find("go")
    if go is None:
        raise NotAvailableError("go is not on PATH: the server of benchmarks/peers/go cannot be built")
    binary = bench.folder.parent / _BINARY
    if not binary.exists():
        command = [go, "build", "-o", str(binary), "."]
        done = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True, check=False)  # noqa: S603 - our own source
        if done.returncode:
            raise NotAvailableError(f"go build: {done.stderr.strip()[-500:]}")
    return binary


def _start(bench: Bench, stack: ExitStack, environment: Mapping[str, str], *, raw: bool = False) -> Front:
    binary, socket, config = _build(bench), bench.folder / "go.sock", bench.folder / "go.json"
    config.write_text(
        json.dumps(
            {
                "issuer": ISSUER,
                "audience": AUDIENCE,
                "clock_skew_seconds": 30,
                "max_tokens": _MAX_TOKENS,
                "rule": {"method": "GET", "prefix": PATH, "group": GROUP},
                "keys": [bench.keys.issuer.public_jwk()],
            }
        ),
        encoding="utf-8",
    )
    command = [str(binary), "-config", str(config), "-network", "unix", "-address", str(socket)]
    process = stack.enter_context(Process(command, bench.folder / "go.log", environment))
    process.wait_for(lambda: "answering checks" in process.printed(), "the Go server")
    address = f"unix:{socket}"
    filters = ext_authz.filters(address, encode_raw_headers=raw)
    return Front(filters, ext_authz.cluster(address), process, _TENANT)


_SETTINGS = "grpc-go, stream workers, responses made once a token, sync.Map; no metrics; Unix socket"
_DEFAULT = {"GOMAXPROCS": str(os.cpu_count() or 1)}
CONTENDERS = (
    Contender("go", "Go server", f"{_SETTINGS}; GOMAXPROCS: all", partial(_start, environment=_DEFAULT)),
    Contender(
        "go-1",
        "Go server, GOMAXPROCS=1",
        f"{_SETTINGS}; GOMAXPROCS=1",
        partial(_start, environment={"GOMAXPROCS": "1"}),
    ),
)
VARIANTS = (
    Contender(
        "go-gogc",
        "Go, GOMAXPROCS=1, GOGC=400",
        "less garbage collection",
        partial(_start, environment={"GOMAXPROCS": "1", "GOGC": "400"}),
        variant=True,
    ),
    Contender(
        "go-raw", "Go, raw headers", "encode_raw_headers", partial(_start, environment=_DEFAULT, raw=True), variant=True
    ),
    Contender(
        "go-traced",
        "Go, traced",
        "Envoy traces every request",
        partial(_start, environment=_DEFAULT),
        variant=True,
        traced=True,
    ),
)
