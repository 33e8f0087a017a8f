"""``report``: what it shows, what it says to scripts, and what it makes of whoever else answers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sidecar.cli.report import report_command
from sidecar.report.model import Report
from sidecar.report.sample import HookTotals, PoolTotals
from sidecar.report.standing import BundleStanding, KeySetStanding, RevocationStanding
from sidecar.report.wire import encode
from support.reports import Load, after, moment, seen

_WARNING = Load(checks={("allowed", "allowed"): 400, ("denied", "no_credential"): 600})
_CRITICAL = Load(checks={("allowed", "allowed"): 900, ("denied", "overloaded"): 100})
_STEERING = "\x1b[2J\x9b31m\u202e[bold]evil"


@contextmanager
def _answering(body: bytes, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """Run a server that gives one answer to all; yield its address, and the lines that it was sent."""
    lines: list[str] = []

    class _Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lines.append(f"{self.path} {self.headers.get('authorization')}")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}", lines
        finally:
            server.shutdown()
            thread.join()


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(report_command, arguments)


def _shown(found: Report, *arguments: str) -> Result:
    with _answering(encode(found)) as (address, _):
        return _run("--against", address, *arguments)


def _everything() -> Report:
    load = replace(
        _CRITICAL,
        issuers={("https://idp.example", "allowed"): 900, ("", "denied"): 100},
        policies={(f"rules-{number:02}", "denied"): 90 - number for number in range(30)},
        durations=seen(900, 100),
        lookups={("l1", "hit"): 900, ("l1", "miss"): 100},
        pools={"verifier": PoolTotals(1000, 3, 276.0, seen(900, 100), 400, 2)},
        hooks={"mine:hook": HookTotals(1000, 10, {"deny": 900, "failed": 100}, seen(1000), 1)},
        cpu={"server-0": 0.5, "server-1": 0.5},
        loop_lag=seen(1000),
    )
    at = moment(
        key_sets=(KeySetStanding("https://idp.example", 2, 70.0, 86400.0, 0.1, 0, None),),
        revocation=RevocationStanding(
            7, 1000, 0.007, complete=True, feed_connected=True, feed_lag_seconds=3.0, feed_gaps=0
        ),
        bundle=BundleStanding("rules", True, 3, 5.0, None, 0),  # noqa: FBT003 - in force
        memory_used_bytes=1 << 28,
    )
    return after(load, at, seconds=900.0)


def test_tables() -> None:
    """All of a report is shown: rates, reasons, caches, pools, processes, hooks, keys, alerts and advice."""
    done = _shown(_everything())
    assert done.exit_code == 0, done.output
    for text in (
        "authz-sidecar 1.2.3 · up 60 min · observed for 15 min",
        *("issuers, 5 min", "(none)", "policies, 5 min", "rules-19", "… 10 more"),
        *("overloaded", "verifier", "92%", "server-1", "mine:hook", "https://idp.example"),
        "revoked: 7 of 1000 entries; feed read 3 s ago",
        "policy bundle rules: version 3, in force",
        "memory: 256 MiB of 1 GiB in use",
        "critical: 10% of checks were denied since the sidecar could not do its work over 5 min",
        "raise AUTHZ_VERIFICATION_WORKERS to 2",
    ):
        assert text in done.output, text


def test_short_windows_say_so() -> None:
    """After 40 s the columns of 1, 5 and 15 minutes say how much there is of them."""
    output = _shown(after(_WARNING, seconds=40.0)).output
    assert "5m (40 s)" in output
    assert "no alerts" in output


def test_what_steers_terminals() -> None:
    """Names out of tokens, issuers or whoever answers are escaped, in tables and in JSON."""
    at = moment(key_sets=(KeySetStanding(_STEERING, 0, None, None, None, None, None),), software=_STEERING)
    hooks = {_STEERING: HookTotals(1000, 0, {_STEERING: 1000}, seen(1000), 1)}
    found = after(Load(checks={("denied", _STEERING): 500}, hooks=hooks), at)
    for arguments in ((), ("--json",)):
        output = _shown(found, *arguments).output
        assert not {"\x1b", "\x9b", "\u202e"} & set(output), arguments
        assert "[bold]evil" in output


def test_json_is_the_sidecar_s() -> None:
    """``--json`` prints the report as it came."""
    found = after(_WARNING)
    assert json.loads(_shown(found, "--json").output) == json.loads(encode(found))


@pytest.mark.parametrize(
    ("load", "arguments", "code"),
    [
        (_WARNING, (), 0),
        (_WARNING, ("--fail-on-alert",), 1),
        (_WARNING, ("--fail-on-alert", "critical"), 0),
        (_CRITICAL, ("--fail-on-alert", "critical"), 1),
        (_CRITICAL, ("--json", "--fail-on-alert"), 1),
        (Load(), ("--fail-on-alert", "warning"), 0),
        (_CRITICAL, (), 0),
        (_CRITICAL, ("--watch", "1", "--fail-on-alert"), 1),
    ],
)
def test_exit_codes(load: Load, arguments: tuple[str, ...], code: int) -> None:
    """1 says that there is an alert, if that was asked for; the report is printed all the same."""
    done = _shown(after(load), *arguments)
    assert (done.exit_code, bool(done.stdout)) == (code, True)


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        (b"{}", 200, "not a report"),
        (b"\x1b[2J", 200, "not a report"),
        (encode(after()).replace(b'"version": 1', b'"version": 7', 1), 200, "a report of version 7"),
        (b"a bearer token is required\n", 401, "401 a bearer token is required"),
        (b"not found\n", 404, "is it older"),
        (b"\x1b[2Jtoo many\n", 500, "500 \\x1b[2Jtoo many"),
    ],
)
def test_no_report(body: bytes, status: int, problem: str) -> None:
    """Whoever answers with something else is told of in words, with 3."""
    with _answering(body, status) as (address, _):
        done = _run("--against", address)
    assert done.exit_code == 3
    assert problem in done.output
    assert "\x1b" not in done.output


def test_nobody_there() -> None:
    """Where nobody listens that is said, with 3."""
    done = _run("--against", "127.0.0.1:1")
    assert done.exit_code == 3
    assert "is the sidecar running?" in done.output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "give --config (or AUTHZ_CONFIG), or --against"),
        (("--against", "nonsense"), "nonsense"),
        (("--against", "127.0.0.1:1", "--watch", "often"), "write seconds, from 1 to 3600, or 'no'"),
        (("--against", "127.0.0.1:1", "--watch", "0.1"), "write seconds"),
        (("--against", "127.0.0.1:1", "--watch", "nan"), "write seconds"),
    ],
)
def test_usage(arguments: tuple[str, ...], problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be meant ends with 2, and says what to write."""
    monkeypatch.delenv("AUTHZ_CONFIG", raising=False)
    done = _run(*arguments)
    assert done.exit_code == 2
    assert problem in done.output


_KEYS = 'issuers: [{issuer: "https://idp.example", audiences: [a], keys: {file: no-such-file.json}}]\n'


@pytest.mark.parametrize(
    ("admin", "problem"),
    [
        ("", "admin.listen is not set"),
        (
            "admin: {listen: '127.0.0.1:1', tls: {certificate_file: c, key_file: k, client_ca_file: a}}\n",
            "give --admin-certificate-file",
        ),
    ],
)
def test_configuration_without_an_address(tmp_path: Path, admin: str, problem: str) -> None:
    """A configuration that names no administration, or one that takes a certificate, is told of."""
    config = tmp_path / "authz.yaml"
    config.write_text(_KEYS + admin, encoding="utf-8")
    done = _run("--config", str(config))
    assert done.exit_code == 2
    assert problem in done.output


def test_configuration_says_where_and_with_what(tmp_path: Path) -> None:
    """Address and token are those of the configuration, whose keys need not be there; an option's token goes first."""
    token, other = "0f9c" + "a1b2c3d4" * 8, "1f9c" + "a1b2c3d4" * 8
    (tmp_path / "token").write_text(token, encoding="ascii")
    (tmp_path / "other").write_text(other, encoding="ascii")
    config = tmp_path / "authz.yaml"
    with _answering(encode(after())) as (address, lines):
        admin = f"admin: {{listen: '{address}', bearer_token_file: token}}\n"
        config.write_text(_KEYS + admin, encoding="utf-8")
        assert _run("--config", str(config)).exit_code == 0
        assert _run("--config", str(config), "--admin-token-file", str(tmp_path / "other")).exit_code == 0
    assert lines == [f"/report Bearer {token}", f"/report Bearer {other}"]
