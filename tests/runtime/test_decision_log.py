"""A real sidecar that logs what it decides: all of it, in every output, and no credential in any of them."""

import itertools
import json
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sidecar.demo.workspace import AUDIENCE, ISSUER
from sidecar.keys.api_keys import hash_of
from support.collectors import Collector, http_collector
from support.issuers import FakeIssuer, running_issuer, yes
from support.processes import eventually
from support.proofs import bound_to, proof
from support.requests import check_request
from support.revoking import Admin
from support.sidecars import Sidecar, running_sidecar

_KEY = "authz_" + "Kk3" * 14
_OPAQUE = "2YotnFZFEjr1zCsicMWpAA"
_CONFIGURATION = f"""\
listen: {{listen}}
servers: 2
verification_workers: 0
probe: {{listen: "127.0.0.1:0"}}
admin: {{listen: "unix:@FOLDER@/admin.sock"}}
shutdown_grace_seconds: 4
shared_memory_size: 1MiB
issuers:
  - issuer: "{ISSUER}"
    audiences: [{AUDIENCE}]
    keys: {{file: jwks.json}}
    credentials:
      - header: {{}}
      - header: {{name: x-token}}
      - header: {{name: x-scheme, prefix: Token}}
      - cookie: {{name: session}}
      - query: {{name: key}}
    bound_tokens: {{dpop: {{}}}}
  - issuer: https://opaque.example
    audiences: [{AUDIENCE}]
    credentials: [header: {{name: x-opaque}}]
    introspection:
      url: @URL@
      client_id: sidecar
      client_secret: {{file: @FOLDER@/secret.txt}}
      ca_file: @FOLDER@/ca.pem
      allow_private_addresses: true
api_keys: {{file: keys.jsonl}}
policies:
  - {{name: no, action: deny, rules: [to: [operation: {{paths: ["/denied/*"]}}]]}}
  - {{name: all, action: allow, rules: [to: [operation: {{notPaths: ["/none*"]}}]]}}
decision_log:
  stdout: true
  file: decisions.jsonl
  otlp: {{endpoint: @COLLECTOR@, protocol: http}}
  allows_one_in: 1
  hash: [/request_id]
  hash_key_file: hash.key
"""
_ids = itertools.count()


@dataclass
class _Running:
    sidecar: Sidecar
    issuer: FakeIssuer
    collector: Collector
    folder: Path

    def ask(self, server: int = 0, **fields: Any) -> str:  # noqa: ANN401 - any field of a request
        """Check a request; return the reason."""
        return self.sidecar.check_raw(self.sidecar.addresses[server], check_request(**fields)).reason

    def lines(self) -> list[dict[str, Any]]:
        """Return what is in the file, and in one that was renamed: every line must be JSON."""
        texts = [path.read_text(encoding="ascii") for path in sorted(self.folder.glob("decisions*.jsonl"))]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    def line(self, path: str) -> dict[str, Any]:
        """Return the one line about a path, once it is there."""
        assert eventually(lambda: any(one.get("path") == path for one in self.lines())), self.lines()
        (found,) = [one for one in self.lines() if one.get("path") == path]
        return found

    def printed(self) -> list[dict[str, Any]]:
        """Return the lines on standard output."""
        return [json.loads(one) for one in self.sidecar.printed().splitlines() if one.startswith("{")]

    def denials(self) -> list[dict[str, Any]]:
        """Return what the administration shows."""
        status, body = Admin(self.folder).call("GET", path="/denials")
        assert status == 200
        found: list[dict[str, Any]] = json.loads(body)["denials"]
        return found


def _files(folder: Path) -> None:
    (folder / "keys.jsonl").write_text(json.dumps({"hash": hash_of(_KEY), "subject": "batch"}) + "\n", encoding="ascii")
    (folder / "hash.key").write_bytes(bytes(range(32)))


@pytest.fixture(scope="module")
def running() -> Iterator[_Running]:
    """Run a sidecar that takes every kind of credential, and logs all checks."""
    with (
        tempfile.TemporaryDirectory(prefix="dl-") as name,
        running_issuer(Path(name)) as issuer,
        http_collector() as sent,
    ):
        issuer.behaviour = yes(iss="https://opaque.example", sub="carol")
        text = (
            _CONFIGURATION.replace("@FOLDER@", name).replace("@URL@", issuer.url).replace("@COLLECTOR@", sent.endpoint)
        )
        with running_sidecar(Path(name), text, before=_files) as sidecar:
            assert eventually(sidecar.is_ready), sidecar.printed()
            yield _Running(sidecar, issuer, sent, Path(name))


def test_what_is_told(running: _Running) -> None:
    """Of what is allowed and of what is denied, with where the identity was found, and which server says so."""
    token = running.sidecar.workspace.token()
    headers = {"authorization": f"Bearer {token}", "x-request-id": "id-1"}
    for number, server in enumerate((0, 0, 1)):
        assert running.ask(server, path=f"/told/{number}?secret=1", headers=headers) == "allowed"
    found = [running.line(f"/told/{number}") for number in range(3)]
    assert [one["cache"] for one in found] == ["none", "l1", "l2"]
    assert [one["process"] for one in found] == ["server-0", "server-0", "server-1"]
    assert {(one["decision"], one["policy"], one["rule"], one["subject"]) for one in found} == {
        ("allow", "all", 1, "alice")
    }
    assert len({one["request_id"] for one in found}) == 1
    assert str(found[0]["request_id"]).startswith("hash:")
    assert running.ask(path="/denied/1", headers=headers) == "denied_by_policy"
    denied = running.line("/denied/1")
    assert (denied["decision"], denied["policy"], denied["rule"], denied["status"]) == ("deny", "no", 1, 403)
    assert abs(time.time() - datetime.fromisoformat(denied["time"]).timestamp()) < 60


def test_denials_of_late(running: _Running) -> None:
    """The administration has the denials of all servers, newest first, and can explain each."""
    headers = {"authorization": f"Bearer {running.sidecar.workspace.token(sub='dora')}"}
    for number in range(4):
        assert running.ask(number % 2, path=f"/none/{number}", headers=headers) == "no_policy_allows"
        told = {"path": f"/none/{number}"}.items()
        assert eventually(lambda told=told: [one.items() >= told for one in running.denials()][:1] == [True])  # type: ignore[misc]
    newest = running.denials()[0]
    assert (newest["subject"], newest["reason"], newest["process"]) == ("dora", "no_policy_allows", "server-1")
    token = headers["authorization"].removeprefix("Bearer ")
    asked = json.dumps({**newest["explain"], "token": token}).encode()
    status, body = Admin(running.folder).call("POST", asked, "/explain")
    assert (status, json.loads(body)["reason"]) == (200, "no_policy_allows")
    status, page = Admin(running.folder).call("GET", path="/status")
    assert (status, "/none/3" in page, "dora" in page) == (200, True, True)


def _credentials(sidecar: Sidecar) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return a credential of each kind, with the fields of a request that has it."""
    token = sidecar.workspace.token
    tokens = {name: token(sub=name) for name in ("bearer", "header", "scheme", "cookie", "query", "dpop")}
    tokens["dpop"] = token(sub="dpop", cnf=bound_to())
    shown = proof(
        tokens["dpop"], jti=f"id-{next(_ids)}", iat=int(time.time()), htu="https://api.example/allowed", htm="GET"
    )
    return {
        "bearer": (tokens["bearer"], {"headers": {"authorization": f"Bearer {tokens['bearer']}"}}),
        "header": (tokens["header"], {"headers": {"x-token": tokens["header"]}}),
        "scheme": (tokens["scheme"], {"headers": {"x-scheme": f"Token {tokens['scheme']}"}}),
        "cookie": (tokens["cookie"], {"headers": {"cookie": f"a=b; session={tokens['cookie']}"}}),
        "query": (tokens["query"], {"query": f"?a=1&key={tokens['query']}"}),
        "dpop": (tokens["dpop"], {"headers": {"authorization": f"DPoP {tokens['dpop']}", "dpop": shown}}),
        "api key": (_KEY, {"headers": {"x-api-key": _KEY}}),
        "opaque": (_OPAQUE, {"headers": {"x-opaque": _OPAQUE}}),
    }


def test_no_credential_in_any_output(running: _Running) -> None:
    """Allowed or denied, in its place or beside it in path, host and ids: no credential is told, and no part of one."""
    secrets = set[str]()
    for name, (token, fields) in _credentials(running.sidecar).items():
        headers, query = fields.get("headers", {}), fields.get("query", "")
        assert running.ask(path=f"/allowed{query}", headers=headers) == "allowed", name
        odd = f"/%7E{token.replace('.', '%2E')}", f"//{token}"
        for path in ("/denied/x", f"/denied/{token}", f"/none{token}", *odd):
            beside = {"x-request-id": token[:128], "traceparent": token, "user-agent": token, "x-mine": token}
            asked: dict[str, Any] = {
                "host": f"{token[:60]}.example",
                "headers": {"cookie": f"x={token}", **headers, **beside},
            }
            answer = running.ask(path=path + query, body=f"access_token={token}".encode(), **asked)
            assert answer != "allowed", name
        values = [token, *token.split("."), *headers.get("dpop", "").split(".")]
        secrets.update(one for one in values if len(one) >= 8)
        assert running.ask(path=f"/end/{name.replace(' ', '-')}", method="PUT") == "no_credential"
    assert running.line("/end/opaque")["reason"] == "no_credential"
    assert eventually(lambda: any(b"/end/opaque" in one for one in running.collector.raw))
    for told in (
        json.dumps(running.lines()),
        running.sidecar.printed(),
        json.dumps(running.denials()),
        b"".join(running.collector.raw).decode("utf-8", "replace"),
        Admin(running.folder).call("GET", path="/status")[1],
        running.sidecar.get("/metrics")[1],
    ):
        assert [one for one in secrets if one in told] == []
    subjects = {one.get("subject") for one in running.lines() if one.get("path") == "/allowed"}
    assert subjects == {"bearer", "header", "scheme", "cookie", "query", "dpop", "batch", "carol"}


def test_the_collector_has_the_same(running: _Running) -> None:
    """Each line is a log record of the server that says so, with the same values."""
    running.ask(path="/end/collected")
    line = running.line("/end/collected")

    def found() -> list[dict[str, str]]:
        logs = [one for message in list(running.collector.logs) for one in message.resource_logs]
        records = [record for one in logs for scope in one.scope_logs for record in scope.log_records]
        told = [{one.key: one.value.string_value for one in record.attributes} for record in records]
        return [one for one in told if one["authz.path"] == "/end/collected"]

    assert eventually(lambda: bool(found()))
    names = ("decision", "reason", "host", "process", "cache")
    assert [{name: one[f"authz.{name}"] for name in names} for one in found()] == [{name: line[name] for name in names}]


def test_standard_output_has_the_same(running: _Running) -> None:
    """Lines on standard output are those in the file, each whole."""
    running.ask(path="/end/same")
    running.line("/end/same")
    key = json.JSONEncoder(sort_keys=True).encode
    assert eventually(lambda: sorted(map(key, running.printed())) == sorted(map(key, running.lines())))


def test_counted(running: _Running) -> None:
    """Metrics tell how many were written where."""
    running.ask(path="/end/counted")
    running.line("/end/counted")

    def written(output: str) -> float:
        return running.sidecar.metric(f'authz_decision_log_records_total{{output="{output}",result="written"}}')

    assert eventually(lambda: written("file") == len(running.lines()))
    assert eventually(lambda: written("otlp") == written("stdout") == written("file"))


def test_rotated(running: _Running) -> None:
    """A file that is renamed under all servers is followed by a new one, and no line is lost."""
    running.ask(path="/end/before")
    running.line("/end/before")
    path, before = running.folder / "decisions.jsonl", len(running.lines())
    path.rename(running.folder / "decisions.1.jsonl")
    asked = 0
    while not path.exists():
        running.ask(asked % 2, path=f"/end/rotated/{asked}")
        asked += 1
        time.sleep(0.05)
    running.ask(path="/end/after")
    assert eventually(lambda: len(running.lines()) == before + asked + 1)


@pytest.fixture
def silent() -> Iterator[int]:
    """Give the port of somebody who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize(("mode", "protocol"), [("true", "grpc"), ("false", "http")])
def test_outputs_that_fail_and_the_end(short_folder: Path, silent: int, mode: str, protocol: str) -> None:
    """Where the file cannot be opened checks are answered, and what is lost is counted and said once.

    With SIGTERM every check that was answered after that is in the file, in several processes and in one, and a
    collector that says nothing keeps nobody from ending.
    """
    text = f"""\
listen: {{listen}}
servers: 2
verification_workers: 0
probe: {{listen: "127.0.0.1:0"}}
shared_memory_size: 1MiB
issuers: [{{issuer: "{ISSUER}", audiences: [{AUDIENCE}], keys: {{file: jwks.json}}}}]
decision_log: {{file: decisions.jsonl, otlp: {{endpoint: "http://127.0.0.1:{silent}", protocol: {protocol}}}}}
"""
    with running_sidecar(short_folder, text, {"AUTHZ_ENABLE_MULTIPROCESSING": mode}) as sidecar:
        assert eventually(sidecar.is_ready)
        path = short_folder / "decisions.jsonl"
        path.mkdir()
        servers, failed = len(sidecar.addresses), 'authz_decision_log_records_total{output="file",result="failed"}'
        for times in (1, 2):
            for address in sidecar.addresses:
                assert sidecar.check_raw(address, check_request()).reason == "no_credential"
            assert eventually(lambda times=times: sidecar.metric(failed) == times * servers)  # type: ignore[misc]
        assert sidecar.printed().count("decisions are not logged (file, failed), since Is a directory") == servers
        path.rmdir()
        for number in range(10):
            for address in sidecar.addresses:
                sidecar.check_raw(address, check_request(path=f"/{number}"))
        sidecar.process.signal(signal.SIGTERM)
        assert sidecar.process.wait() == 0
    assert len(path.read_text(encoding="ascii").splitlines()) == 10 * servers
