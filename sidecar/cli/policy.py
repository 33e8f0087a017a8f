"""``authz-sidecar policy``: trying policies before they are in force."""

import click

from sidecar.cli.policy_bundle import bundle
from sidecar.cli.policy_compile import compile_command
from sidecar.cli.policy_diff import diff_command
from sidecar.cli.policy_explain import explain_command
from sidecar.cli.policy_lint import lint_command
from sidecar.cli.policy_test import test_command


@click.group()
def policy() -> None:
    """Test, explain, look over, compare, print and distribute policies."""


policy.add_command(test_command)
policy.add_command(explain_command)
policy.add_command(lint_command)
policy.add_command(compile_command)
policy.add_command(diff_command)
policy.add_command(bundle)
