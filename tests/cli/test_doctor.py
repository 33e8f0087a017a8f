"""``doctor``: the command as the page shows it, what it says to scripts, and what it makes of a wrong configuration."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sidecar.cli.doctor import doctor
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.demo.workspace import CONFIGURATION, Workspace, prepare
from sidecar.doctor.finding.kinds import KINDS
from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError
from support.commands import Run

_PAGE = (Path(__file__).parent.parent.parent / "docs/doctor.md").read_text(encoding="utf-8")
#: Machines that tests run on may well have no synchronised clock, and limits of their own.
_OF_THE_MACHINE = KINDS.keys() - {
    "file_unreadable",
    "socket_folder",
    "socket_group",
    "envoy_locked_out",
    "configuration",
}


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(doctor, list(map(str, arguments)), standalone_mode=False)


def _data(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    done = _run("--json", *arguments)
    return done.return_value, json.loads(done.output)


def test_as_the_page_shows_it(run: Run, workspace: Workspace) -> None:
    """It shows what is given, what is made of it and the memory, and ends with 1 where something is found."""
    (command,) = re.findall(r"^    (authz-sidecar doctor .*)$", _PAGE, re.MULTILINE)
    assert workspace.config.name == "authz.yaml"
    done = run(*shlex.split(command)[1:])
    for heading in ("given", "made of it", "memory, when it is full"):
        assert f" {heading} " in done.stdout
    assert re.search(r"together [0-9.]+ MiB", done.stdout)
    found = set(re.findall(r"^(?:warning|critical): .*\[(\w+)\]$", done.stdout, re.MULTILINE))
    assert found <= _OF_THE_MACHINE, done.stdout
    assert (done.returncode, done.stderr) == (1 if found else 0, "")
    assert ("nothing is wrong" in done.stdout) is not bool(found)


def test_json_and_the_same_findings(tmp_path: Path) -> None:
    """What is wrong is found, and the exit code says so: files that are missing, a folder that is."""
    text = CONFIGURATION.replace("listen: {listen}", "listen: unix:/nowhere/authz.sock", 1)
    text += "admin: {listen: 'unix:/nowhere/admin.sock'}\n"
    text += "assertion: {issuer: 'https://a.example', audiences: [b], keys: {current: key.pem}}\n"
    code, document = _data("--config", prepare(tmp_path, text).config, "--envoy-user", "101:101,102")
    found = {one["id"] for one in document["findings"]}
    assert found - _OF_THE_MACHINE == {"file_unreadable", "socket_folder"}, document
    assert code == ExitCode.NO
    assert document["socket"]["envoy"] == [101, [101, 102]]
    assert document["made"]["minters"] == 1
    assert any(text.startswith("the sidecar that runs: ") for text in document["unknown"])


def test_wrong_configuration(workspace: Workspace) -> None:
    """Its problems are those of check-config, what the machine gives is shown all the same, and the exit code is 2."""
    workspace.config.write_text("servers: many\nissuers: []\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(workspace.config, {})
    checked = str(refused.value).splitlines()
    code, document = _data("--config", workspace.config)
    assert code == ExitCode.USAGE
    assert document["problems"] == checked
    assert (document["made"], document["given"]["usable_cpus"] > 0) == (None, True)
    shown = _run("--config", workspace.config)
    assert shown.return_value == ExitCode.USAGE
    assert all(f"critical: {line}" in shown.output for line in checked)
    assert "nothing is wrong" not in shown.output


def test_keys_that_cannot_be_read(workspace: Workspace) -> None:
    """What a start would make is shown though the key set is missing, which is a problem as check-config has it."""
    (workspace.folder / "jwks.json").unlink()
    code, document = _data("--config", workspace.config)
    assert code == ExitCode.USAGE
    assert "jwks.json" in "".join(document["problems"])
    assert document["made"]["servers"] > 0


def test_without_a_configuration() -> None:
    """The machine alone is looked at, and it is said that it is."""
    _, document = _data()
    assert document["made"] is None
    assert any("no configuration was given" in text for text in document["unknown"])


@pytest.mark.parametrize("user", ["envoy", "101", "101:", "-1:5", "101:101:101", "٣:٣"])
def test_envoy_s_user_is_by_number(user: str) -> None:
    """Anything else is refused: which names there are is another container's matter."""
    done = _run("--envoy-user", user)
    assert isinstance(done.exception, Failure)
    assert done.exception.exit_code == ExitCode.USAGE
    assert "write UID:GID" in str(done.exception)
