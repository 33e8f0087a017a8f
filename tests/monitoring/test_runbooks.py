"""Each alert has its page, each page its alert, and what a page tells to type there is."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from authz_monitoring.alerts import ALERTS
from monitoring.to_come import COMMANDS
from sidecar.cli.main import cli

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/runbooks"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
SECTIONS = ["Meaning", "Impact", "Check", "Fix"]


def _commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of ours: in blocks, and in lines."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    spans = re.findall(r"(?<!`)`([^`]+)`(?!`)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for line in (*(line for block in blocks for line in block.splitlines()), *spans):
        words = shlex.split(line, comments=True)
        while "--" in words:
            words = words[words.index("--") + 1 :]
        if words[:1] == ["authz-sidecar"] and len(words) > 1:
            yield words[1:]


def _check(words: list[str]) -> None:
    """Raise ``AssertionError`` where there is no such command, or it has no such option."""
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        name, *words = words
        found = command.get_command(context, name)
        assert found is not None, name
        command = found
    options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= options, words


def test_each_alert_has_its_page_and_each_page_its_alert() -> None:
    """None is missing, and none is left over; the list names all of them."""
    names = {alert.name for alert in ALERTS}
    assert {page.stem for page in PAGES} == names
    assert set(re.findall(r"\]\((\w+)\.md\)", (FOLDER / "README.md").read_text(encoding="utf-8"))) == names


def test_overview_says_when_each_fires() -> None:
    """The table in docs/monitoring.md has each alert, with the words of its page."""
    table = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    for page in PAGES:
        when = page.read_text(encoding="utf-8").splitlines()[2].partition(". How to read this page")[0]
        assert f"| [{page.stem}](runbooks/{page.name}) | {when} |\n" in table


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_has_what_somebody_needs(page: Path) -> None:
    """It is named as the alert is, says how severe that is, and has all sections, none of them empty."""
    text = page.read_text(encoding="utf-8")
    head, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    assert head.startswith(f"# {page.stem}\n")
    for alert in ALERTS:
        assert alert.name != page.stem or alert.severity.value in head.lower()
    assert [section.partition("\n")[0] for section in sections] == SECTIONS
    assert all(len(section.partition("\n")[2].strip()) > 20 for section in sections)
    assert "kubectl" in text or "authz-sidecar" in text


def test_commands_are_there() -> None:
    """Every command of ours that a page names is one, with the options that it is given."""
    found = [words for page in (*PAGES, FOLDER / "README.md") for words in _commands(page.read_text(encoding="utf-8"))]
    assert len(found) > 20
    assert {words[0] for words in found} >= COMMANDS
    for words in found:
        if words[0] not in COMMANDS:
            _check(words)


def test_commands_to_come_are_not_there() -> None:
    """What is there by now is no longer on the list of what is to come."""
    assert {name for name in COMMANDS if name in cli.list_commands(click.Context(cli))} == set()


def test_commands_that_are_not_there_are_found() -> None:
    """The test above can fail."""
    for words in (["nothing"], ["policy", "nothing"], ["policy", "explain", "--nothing"]):
        with pytest.raises(AssertionError):
            _check(words)
