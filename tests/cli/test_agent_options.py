"""``authz-sidecar agent``: folders that would let one see or be what another is."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.main import cli


@pytest.mark.parametrize(
    ("tenants", "sockets", "run", "said"),
    [
        ("tenants", "sockets", "sockets", "is within"),
        ("tenants", "sockets", "sockets/run", "is within"),
        ("tenants", "tenants/sockets", "run", "is within"),
        ("tenants", "sockets", "link", "is within"),
        ("tenants", "run/../sockets", "run", "without '..'"),
        ("tenants", "sockets", "a:b", "without '..'"),
    ],
)
def test_folders_that_are_refused(tmp_path: Path, tenants: str, sockets: str, run: str, said: str) -> None:
    """One in another, be it through a link: clients would reach administration. And names that mean several things."""
    for name in ("tenants/sockets", "sockets/run", "run", "a:b"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to("sockets")
    options = {"--tenants": tenants, "--sockets": sockets, "--run": run}
    arguments = [f"{option}={tmp_path}/{name}" for option, name in options.items()]
    result = CliRunner().invoke(cli, ["agent", *arguments])
    assert result.exit_code == ExitCode.USAGE
    assert said in result.output


@pytest.mark.parametrize("probe", ["0.0.0.0:00", ":00", ":9190", "0.0.0.0:09190", "localhost:9190", "unix:@authz"])
def test_places_of_the_desk_that_are_none(tmp_path: Path, probe: str) -> None:
    """A port that is written in another way than a number is would be told apart from itself."""
    for name in ("tenants", "sockets", "run"):
        (tmp_path / name).mkdir()
    options = [f"--{name}={tmp_path}/{name}" for name in ("tenants", "sockets", "run")]
    result = CliRunner().invoke(cli, ["agent", *options, "--probe", probe])
    assert result.exit_code == ExitCode.USAGE
    assert "--probe: " in result.output
