"""``authz-sidecar policy test``."""

from pathlib import Path

import click

from sidecar.cases.read import Cases, read_cases
from sidecar.cases.report import junit, lines, run_cases
from sidecar.cases.trial_trust import TrialTrust, trial_of, trial_of_policies
from sidecar.cli.configuration import load, say_that_hooks_are_not_asked
from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.cli.output import replace_file
from sidecar.cli.printable import echo_line
from sidecar.loading.problem import ConfigurationError


@click.command("test")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--config", type=click.Path(path_type=Path), envvar="AUTHZ_CONFIG", show_envvar=True, help="Configuration file."
)
@click.option("--junit", "junit_file", type=click.Path(path_type=Path), help="Write JUnit's XML to this file.")
@click.option("--require-coverage", is_flag=True, help="Fail where a rule matches none of the cases.")
def test_command(
    paths: tuple[Path, ...], config: Path | None, junit_file: Path | None, *, require_coverage: bool
) -> None:
    """Put the cases in files, and in folders of files, through the check (docs/policy-tools.md has their form).

    Files that have no policies of their own are about the configuration. Tokens are signed by a key made for the run,
    so nothing of anybody's keys is needed, and nothing is fetched.

    \b
    Example:
      authz-sidecar policy test --config authz.yaml tests/policy
    """
    try:
        files = read_cases(paths)
        reports = [run_cases(cases, _trial(cases, config)) for cases in files]
    except ConfigurationError as error:
        raise Failure(str(error), ExitCode.USAGE) from None
    if junit_file is not None:
        replace_file(junit_file, junit(reports))
    for line in lines(reports):
        echo_line(line)
    if any(report.failed for report in reports) or (require_coverage and any(report.missed for report in reports)):
        raise click.exceptions.Exit(ExitCode.NO)


def _trial(cases: Cases, config: Path | None) -> TrialTrust:
    values = cases.values
    if values is not None:
        return trial_of_policies(cases, values)
    if config is None:
        raise Failure(f"{cases.path}: has no policies; give --config, or AUTHZ_CONFIG", ExitCode.USAGE)
    trust = load(config)[1].trust
    say_that_hooks_are_not_asked(trust)
    return trial_of(trust)
