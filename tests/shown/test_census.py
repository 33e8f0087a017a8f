"""Every block of code in the pages has somebody who runs it, and a block that has nobody is found."""

from pathlib import Path

import pytest

from support.pages import ROOT, Block
from support.shown_table import ELSEWHERE, NOT_TO_BE_RUN, OTHER_YAML, RUN_HERE, all_blocks, is_run_here, who_runs

_BLOCKS = all_blocks()


def test_every_block_has_one_who_runs_it() -> None:
    """Exactly one: in the tables, a new block has none until somebody says who."""
    found = {block.name: list(who_runs(block)) for block in _BLOCKS}
    assert len(found) > 150
    assert {name: whose for name, whose in found.items() if len(whose) != 1} == {}


@pytest.mark.parametrize(
    "block",
    [
        Block(ROOT / "docs/new.md", "toml", "a = 1\n"),
        Block(ROOT / "docs/new.md", "", "some text that is printed\n"),
        Block(ROOT / "docs/new.md", "promql", "up == 1\n"),
        Block(ROOT / "docs/new.md", "python", "import sidecar\n"),
    ],
    ids=lambda block: block.language,
)
def test_one_that_has_nobody(block: Block) -> None:
    """It is found: that is what the tables are for."""
    assert list(who_runs(block)) == []


def test_commands_are_for_the_shell() -> None:
    """A new page's commands are run, whether the block says which language it is in or not."""
    assert is_run_here(Block(ROOT / "docs/new.md", "sh", "true\n"))
    assert is_run_here(Block(ROOT / "docs/new.md", "", "authz-sidecar report --config authz.yaml\n"))
    assert sum(map(is_run_here, _BLOCKS)) > 60


def test_tables_are_of_today() -> None:
    """No entry is about a block that is gone, and whoever is to run one is there and reads the page."""
    for entry in ELSEWHERE:
        whose = [block for block in _BLOCKS if entry.has(block)]
        assert whose, entry
        assert all(_reads(ROOT / entry.test, block) for block in whose), entry
    for beginning in NOT_TO_BE_RUN:
        assert any(block.text.startswith(beginning) for block in _BLOCKS), beginning
    for key, test in OTHER_YAML.items():
        whose = [block for block in _BLOCKS if list(who_runs(block)) == [test]]
        assert whose, key
        assert all(_reads(ROOT / test, block) for block in whose), key


def _reads(test: Path, block: Block) -> bool:
    """Say whether a test names the page; our own tables name all of them."""
    text = test.read_text(encoding="utf-8")
    return test == ROOT / RUN_HERE or block.page.name in text or "make demo" in text
