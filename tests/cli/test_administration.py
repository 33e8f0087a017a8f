"""Commands and an administration on TLS: what opens it, whom they believe, and what they say where it stays closed."""

import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import httpx
import pytest
from click.testing import CliRunner, Result

from sidecar.cli.main import cli
from sidecar.demo.process import Process
from sidecar.demo.workspace import AUDIENCE, ISSUER
from sidecar.http.guard import TokenFile
from sidecar.http.listeners import Access
from sidecar.transport.address import TcpAddress
from sidecar.transport.tls import Tls
from support.certificates import Authority, Files
from support.reporting import Reporter, reporter
from support.sidecars import running_sidecar

_TOKEN, _OTHER = "0f9c" + "a1b2c3d4" * 8, "1f9c" + "a1b2c3d4" * 8
_ANYWHERE = TcpAddress("127.0.0.1", 0)
#: A sidecar whose administration is a place to be filled in.
_SIDECAR = f"""\
listen: {{listen}}
admin: ADMIN
probe: {{listen: false}}
shared_memory_size: 1MiB
revocation: {{admin_api: true}}
issuers:
  - issuer: "{ISSUER}"
    audiences: [{AUDIENCE}]
    keys: {{file: jwks.json}}
    max_lifetime_seconds: 7200
    required_claims: [sub, iat]
policies: [{{name: all, action: allow, rules: [{{}}]}}]
"""
_ENTRY = ("--issuer", ISSUER, "--jti", "one")
_KEYS = 'issuers: [{issuer: "https://idp.example", audiences: [a], keys: {file: no-such-file.json}}]\n'


class Scene:
    """One administration that takes a token over TLS, and one that takes client certificates; ``options`` open each."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.authority = folder, Authority(folder, "ca")
        self.server, self.client = self.authority.sign("server"), self.authority.sign("client")
        (folder / "token").write_text(f"{_TOKEN}\n", encoding="ascii")
        shown = Tls(self.server.certificate, self.server.key)
        mutual = Tls(self.server.certificate, self.server.key, self.authority.file)
        with_token = Access(token=TokenFile(str(folder / "token")), tls=shown)
        self.by_token: Reporter = stack.enter_context(reporter(_ANYWHERE, with_token))
        self.by_certificate: Reporter = stack.enter_context(reporter(_ANYWHERE, Access(tls=mutual)))

    def against(self, reporter: Reporter, *others: str) -> tuple[str, ...]:
        """Return the options that say where it is, and whose certificate it shows."""
        return ("--against", reporter.address, "--admin-ca-file", self.authority.file, *others)

    def config(self, reporter: Reporter, admin: str) -> str:
        """Write a configuration in which the administration listens where ``reporter`` does."""
        made = self.folder / "authz.yaml"
        listen = f"listen: '{reporter.address.removeprefix('https://')}'"
        made.write_text(f"{_KEYS}admin: {{{listen}, {admin}}}\n", encoding="utf-8")
        return str(made)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Run the administrations."""
    with ExitStack() as stack:
        yield Scene(tmp_path_factory.mktemp("a"), stack)


def _run(*arguments: str, token: str | None = None) -> Result:
    environment = {"AUTHZ_CONFIG": None, "AUTHZ_ADMIN_TOKEN": token}
    return CliRunner().invoke(cli, arguments, env=environment)


def _shown(files: Files) -> tuple[str, ...]:
    return "--admin-certificate-file", files.certificate, "--admin-key-file", files.key


@pytest.mark.parametrize("command", [("report",), ("report", "--json"), ("top", "--once")])
def test_token_over_tls(scene: Scene, command: tuple[str, ...]) -> None:
    """The token comes out of a file, or out of the environment; a file that is named goes first."""
    against, file = scene.against(scene.by_token), ("--admin-token-file", str(scene.folder / "token"))
    for arguments, token in ((file, None), ((), _TOKEN), (file, _OTHER)):
        done = _run(*command, *against, *arguments, token=token)
        assert done.exit_code == 0, done.output
    for token, said in (
        (None, "401 a bearer token is required"),
        (_OTHER, "401 a bearer token is required"),
        ("short", "AUTHZ_ADMIN_TOKEN: a bearer token of 5 bytes"),
        ("\u00e9" * 32, "AUTHZ_ADMIN_TOKEN: the bearer token must be one line of ASCII"),
    ):
        done = _run(*command, *against, token=token)
        assert (done.exit_code, said in done.output) == (3, True), done.output
        assert token is None or token not in done.output


@pytest.mark.parametrize("command", [("report",), ("top", "--once")])
def test_client_certificates(scene: Scene, command: tuple[str, ...], tmp_path: Path) -> None:
    """With a certificate of the administration's CA it opens; without, or with another one, what to give is said."""
    against, stranger = scene.against(scene.by_certificate), Authority(tmp_path, "other").sign("stranger")
    assert _run(*command, *against, *_shown(scene.client)).exit_code == 0
    both = tmp_path / "both.pem"
    both.write_bytes(b"".join(Path(one).read_bytes() for one in (scene.client.key, scene.client.certificate)))
    assert _run(*command, *against, "--admin-certificate-file", str(both)).exit_code == 0
    for arguments, said in (
        ((), "does it take client certificates? --admin-certificate-file has ours"),
        (_shown(stranger), f"does it take {stranger.certificate}?"),
    ):
        done = _run(*command, *against, *arguments)
        assert (done.exit_code, said in done.output) == (3, True), done.output


def test_whom_a_command_believes(scene: Scene, tmp_path: Path) -> None:
    """Whoever shows no certificate of the CA, or one for another name, is sent nothing: the token stays here."""
    port, stranger = scene.by_token.address.rpartition(":")[2], Authority(tmp_path, "other")
    for arguments, said in (
        (("--against", scene.by_token.address), "unable to get local issuer certificate; give --admin-ca-file"),
        (("--against", scene.by_token.address, "--admin-ca-file", stranger.file), f"{stranger.file} says whose does"),
        (("--against", f"https://localhost:{port}", "--admin-ca-file", scene.authority.file), "Hostname mismatch"),
    ):
        done = _run("report", *arguments, token=_TOKEN)
        assert (done.exit_code, said in done.output) == (3, True), done.output


def test_a_name(tmp_path: Path) -> None:
    """The host may be a name that stands in the certificate; what is no IP address the system looks up."""
    authority = Authority(tmp_path, "ca")
    server = authority.sign("server", hosts=["localhost"])
    access = Access(tls=Tls(server.certificate, server.key, authority.file))
    with reporter(_ANYWHERE, access) as told:
        port = told.address.rpartition(":")[2]
        against = ("--against", f"https://localhost:{port}/", "--admin-ca-file", authority.file)
        done = _run("report", *against, *_shown(authority.sign("client")))
    assert done.exit_code == 0, done.output


def test_configuration_says_whom_to_believe(scene: Scene, tmp_path: Path) -> None:
    """By its configuration a sidecar is known by the very certificate that stands there, and by no other of its CA."""
    tls = f"{scene.server.certificate}, key_file: {scene.server.key}"
    by_token = scene.config(scene.by_token, f"bearer_token_file: token, tls: {{certificate_file: {tls}}}")
    assert _run("report", "--config", by_token).exit_code == 0
    other = Authority(tmp_path, "ca").sign("server")
    for wrong in (scene.client, other):
        # Its own name, and the CA's certificate behind it, as a chain has it.
        chain = tmp_path / "chain.pem"
        chain.write_bytes(Path(wrong.certificate).read_bytes() + Path(scene.authority.file).read_bytes())
        config = scene.config(
            scene.by_token, f"bearer_token_file: token, tls: {{certificate_file: {chain}, key_file: {wrong.key}}}"
        )
        done = _run("report", "--config", config)
        assert (done.exit_code, f"does not show {chain}" in done.output) == (3, True), done.output
    mutual = scene.config(
        scene.by_certificate, f"tls: {{client_ca_file: {scene.authority.file}, certificate_file: {tls}}}"
    )
    assert _run("top", "--once", "--config", mutual, *_shown(scene.client)).exit_code == 0


def test_every_command_with_a_sidecar(tmp_path: Path) -> None:
    """A sidecar's own administration opens to a certificate by its configuration: to see, to explain, and to revoke."""
    authority = Authority(tmp_path, "ca")
    server, shown = authority.sign("server", hosts=["authz.example"]), _shown(authority.sign("client"))
    files = f"certificate_file: {server.certificate}, key_file: {server.key}, client_ca_file: {authority.file}"
    with socket.create_server(("127.0.0.1", 0)) as free:
        at = f"127.0.0.1:{free.getsockname()[1]}"
    configuration = _SIDECAR.replace("ADMIN", f"{{listen: '{at}', tls: {{{files}}}}}")
    with running_sidecar(tmp_path, configuration, {"AUTHZ_ENABLE_MULTIPROCESSING": "false"}) as one:
        config = ("--config", str(one.workspace.config))
        for command in (("report", *config), ("top", "--once", *config), ("revoke", *config, *_ENTRY)):
            done = _run(*command, *shown)
            assert done.exit_code == 0, done.output
            done = _run(*command)
            assert (done.exit_code, "give --admin-certificate-file" in done.output) == (2, True), done.output
        against = ("--against", f"https://{at}", "--admin-ca-file", authority.file)
        asked = ("policy", "explain", "--request", "GET https://a.example/", "--token", one.workspace.token(jti="one"))
        assert "token_revoked" in _run(*asked, *against, *shown).output
        assert "does it take client certificates?" in _run(*asked, *against).output


def test_renewed_certificate(tmp_path: Path) -> None:
    """Files are read for each question, so that one which is renewed counts while a command runs."""
    authority = Authority(tmp_path, "ca")
    server, client = authority.sign("server"), authority.sign("client")
    renewed = authority.sign("renewed")
    access = Access(tls=Tls(server.certificate, server.key, authority.file))
    files = f"certificate_file: {server.certificate}, key_file: {server.key}, client_ca_file: {authority.file}"
    with reporter(_ANYWHERE, access) as told:
        config = tmp_path / "authz.yaml"
        listen = told.address.removeprefix("https://")
        config.write_text(f"{_KEYS}admin: {{listen: '{listen}', tls: {{{files}}}}}\n", encoding="utf-8")
        command = [sys.executable, "-m", "sidecar", "status", "--config", str(config), *_shown(client)]
        with Process(command, tmp_path / "log") as process:
            address = re.compile("http://127.*/status")
            process.wait_for(lambda: address.search(process.printed()) is not None, "status")
            page = address.findall(process.printed())[0]
            assert httpx.get(page, timeout=30).status_code == 200
            for file in ("certificate", "key"):
                shutil.copy(getattr(renewed, file), getattr(server, file))
            assert httpx.get(page, timeout=30).status_code == 200
            Path(client.certificate).write_text("", encoding="ascii")
            failed = httpx.get(page, timeout=30)
            assert (failed.status_code, "cannot use" in failed.text) == (502, True)


def test_page_with_a_token_of_the_environment(scene: Scene, tmp_path: Path) -> None:
    """``status`` hands the page on over TLS; no argument, output or page of it has the token."""
    command = [sys.executable, "-m", "sidecar", "status", *scene.against(scene.by_token)]
    with Process(command, tmp_path / "log", {**os.environ, "AUTHZ_ADMIN_TOKEN": _TOKEN}) as process:
        address = re.compile("http://127.*/status")
        process.wait_for(lambda: address.search(process.printed()) is not None, "status")
        found = httpx.get(address.findall(process.printed())[0], timeout=30)
        assert found.status_code == 200
        arguments = Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8")
        assert _TOKEN not in arguments + found.text + process.printed()


def test_with_and_without_tls(scene: Scene) -> None:
    """Who speaks TLS to one that does not, or the other way round, is told what to write."""
    address = scene.by_token.address.removeprefix("https://")
    done = _run("report", "--against", address)
    assert (done.exit_code, "with TLS write https://" in done.output) == (3, True), done.output
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def answering() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = Thread(target=answering)
        thread.start()
        done = _run("report", "--against", f"https://127.0.0.1:{server.getsockname()[1]}")
        thread.join(20)
    assert (done.exit_code, "leave out https://" in done.output) == (3, True), done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--against", "192.0.2.1:9193"), "in the clear: https://192.0.2.1:9193"),
        (("--against", "https://authz.example:9193/report"), "write https://HOST:PORT"),
        (("--against", "https://user:secret@authz.example"), "write https://HOST:PORT"),
        (("--against", "https://authz.example:0"), "write https://HOST:PORT"),
        (("--against", "http://127.0.0.1:1"), "https://HOST:PORT for TLS"),
        (("--against", "127.0.0.1:1", "--admin-ca-file", "ca.pem"), "--admin-ca-file: is for TLS"),
        (("--against", "unix:/a", "--admin-certificate-file", "c.pem"), "--admin-certificate-file: is for TLS"),
        (("--against", "https://127.0.0.1:1", "--admin-key-file", "k.pem"), "goes with --admin-certificate-file"),
    ],
)
def test_usage(arguments: tuple[str, ...], said: str) -> None:
    """What cannot be meant ends with 2, and says what to write; nothing is looked up or sent."""
    done = _run("report", *arguments, token=_TOKEN)
    assert (done.exit_code, said in done.output) == (2, True), done.output
    assert "secret" not in done.output


@pytest.mark.parametrize(
    ("admin", "arguments", "said"),
    [
        ("bearer_token_file: t", ("--admin-ca-file", "ca.pem"), "has no admin.tls"),
        ("bearer_token_file: t, tls: {certificate_file: c, key_file: k}", ("--admin-ca-file", "a"), "with --against"),
        ("tls: {certificate_file: c, key_file: k, client_ca_file: a}", (), "give --admin-certificate-file"),
    ],
)
def test_usage_with_a_configuration(scene: Scene, admin: str, arguments: tuple[str, ...], said: str) -> None:
    """What does not go with the configuration ends with 2."""
    done = _run("report", "--config", scene.config(scene.by_token, admin), *arguments)
    assert (done.exit_code, said in done.output) == (2, True), done.output


def test_files_that_do_not_do(scene: Scene, tmp_path: Path) -> None:
    """They are named."""
    (tmp_path / "empty").write_text("", encoding="ascii")
    for arguments in (
        ("--admin-ca-file", str(tmp_path / "empty")),
        ("--admin-ca-file", str(tmp_path / "none")),
        ("--admin-ca-file", scene.authority.file, "--admin-certificate-file", str(tmp_path / "empty")),
    ):
        done = _run("report", "--against", scene.by_token.address, *arguments)
        assert (done.exit_code, f"cannot use {tmp_path}" in done.output) == (3, True), done.output
