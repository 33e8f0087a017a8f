"""The pages' commands do what they are shown for: each line is run, or a table says why it is not."""

import inspect
import json
import re
from collections.abc import Iterator, Mapping

import click
import pytest

from sidecar.cli.main import cli
from support.pages import ROOT, Block
from support.shown_shell import Ran, Shell, lines_of, running_shell
from support.shown_table import all_blocks, is_run_here

#: Lines that are not run here, by what they look like: where they are, or why nowhere.
NOT_RUN: Mapping[str, str] = {
    r"docker (build|run|compose) ": "make test-containers (CI), with a real Docker",
    r"TOKEN=\$\(docker compose ": "make test-containers (CI), with a real Docker",
    r"curl .*localhost:8080/": "a cluster serves it; tests/test_tutorial.py asks so",
    r"kubectl (-n \S+ )?(create|label|rollout|top|describe|get (?!--raw)) ?": "a cluster's own",
    r"kubectl apply -k ": "make test-apiserver and make test-node (CI) apply the same",
    r"kubectl port-forward ": "a cluster's own",
    r"kubectl .*(:9190/| -c agent )": "tests/agent asks an agent the same; none runs here",
    r"helm install ": "make test-k8s (CI) renders the chart so",
    r"make monitoring ": "tests/monitoring/test_files.py",
    r"pip install ": "make test-wheel (CI), with the very wheel",
    r"python3 -m venv ": "make, at its beginning",
    r"authz-sidecar agent ": "tests/agent starts it so; its port, 9190, may be somebody else's here",
    r"authz-sidecar demo": "make demo ONCE=1 (CI), and tests/cli/test_demo_stays.py",
    r"envoy -c ": "tests/test_tutorial.py starts Envoy so",
}
#: Exit codes other than 0 that are an answer.
OTHER_CODES: Mapping[str, int] = {
    r"policy explain .*guest": 1,  # denied
    r"policy diff ": 1,  # something would change
}
#: What is found about the machine is an answer too.
_DOCTOR = re.compile(r"authz-sidecar doctor ")
#: What grep finds depends on what happened; 1 is "nothing", 2 is a mistake.
_GREP = re.compile(r"\| grep ")


def _run_here() -> list[tuple[str, Block]]:
    return [(str(block.page.relative_to(ROOT)), block) for block in all_blocks() if is_run_here(block)]


def _examples() -> Iterator[tuple[str, list[str]]]:
    """Yield each command's examples in its own help."""
    todo: list[tuple[str, click.Command]] = [("", cli)]
    while todo:
        name, command = todo.pop()
        if isinstance(command, click.Group):
            context = click.Context(command)
            found = ((below, command.get_command(context, below)) for below in command.list_commands(context))
            todo += [(f"{name} {below}", one) for below, one in found if one is not None]
        text = inspect.cleandoc((command.help or "").replace("\b", ""))
        shown = re.search(r"^(?:Examples?\b|Before traffic).*?:\n((?: {2,}.*\n?)+)", text, re.MULTILINE)
        if shown is not None:
            yield name.strip(), lines_of(Block(ROOT / "docs/cli.md", "sh", shown[1]))


def _why_not(line: str) -> str | None:
    return next((why for pattern, why in NOT_RUN.items() if re.match(pattern, line)), None)


def _is_right(ran: Ran) -> bool:
    expected = next((code for pattern, code in OTHER_CODES.items() if re.search(pattern, ran.line)), 0)
    either = _GREP.search(ran.line) or _DOCTOR.search(ran.line)
    return ran.code == expected or (ran.code == 1 and either is not None)


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    """Return a shell beside running sidecars."""
    with running_shell() as found:
        yield found


_PAGES = _run_here()
_EXAMPLES = list(_examples())


@pytest.mark.parametrize(("page", "block"), _PAGES, ids=[block.name for _, block in _PAGES])
def test_page(page: str, block: Block, shell: Shell) -> None:
    """Every line of a block that is to be run ends as it should."""
    done = shell.run(page, [line for line in lines_of(block) if _why_not(line) is None])
    assert [ran for ran in done if not _is_right(ran)] == []


@pytest.mark.parametrize(("name", "lines"), _EXAMPLES, ids=[name for name, _ in _EXAMPLES])
def test_example(name: str, lines: list[str], shell: Shell) -> None:
    """So does every example in a command's help."""
    wanted = [line for line in lines if _why_not(line) is None]
    done = shell.run(f"docs/cli.md {name}", wanted)
    assert [ran for ran in done if not _is_right(ran)] == []


def test_it_can_fail(shell: Shell) -> None:
    """A file that is not there, an option that is gone, a wrong configuration, no such program: each is seen."""
    lines = [
        "authz-sidecar check-config nowhere.yaml",
        "authz-sidecar report --config authz.yaml --gone",
        "sed s/issuers/isuers/ authz.yaml >bad.yaml && authz-sidecar check-config bad.yaml",
        "authz-sidecar policy explain --config authz.yaml --request 'DELETE https://a.example/orders/1' --token -",
        "authz-sidecar-gone --help",
        "kubectl delete namespace shop",
        "docker ps",
        "authz-sidecar report --against unix:/run/authz/nowhere.sock",
        "authz-sidecar serve --config bad.yaml",
    ]
    done = shell.run("bad", lines)
    assert [ran.line for ran in done if _is_right(ran)] == []


def test_tables_are_of_today() -> None:
    """No entry is about a line that is gone."""
    lines = [line for _, block in _PAGES for line in lines_of(block)] + [line for _, of in _EXAMPLES for line in of]
    assert len(lines) > 120
    for pattern in NOT_RUN:
        assert any(re.match(pattern, line) for line in lines), pattern
    for pattern in OTHER_CODES:
        assert any(re.search(pattern, line) for line in lines), pattern
    assert sum(_why_not(line) is None for line in lines) > 90


def test_what_warm_up_prints(shell: Shell) -> None:
    """docs/warm-up.md shows what is printed for tokens of which one is forged and two are none."""
    (block,) = (one for one in all_blocks() if one.page.name == "warm-up.md" and one.language == "json")
    line = "authz-sidecar warm --config authz.yaml --tokens /run/secrets/tokens.txt"
    (ran,) = shell.run("docs/warm-up.md json", [line])
    shown, printed = json.loads(block.text), json.loads(ran.printed)
    # Whichever test was first has had them warmed; then they are known.
    printed["warmed"] = printed.pop("known", 0) + printed.pop("warmed", 0)
    assert shown.pop("seconds") > 0 < printed.pop("seconds")
    assert printed == shown
