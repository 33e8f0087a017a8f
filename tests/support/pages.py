"""What is shown in the documentation's pages: blocks of code, and commands in them."""

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: What users read.
PAGES = sorted(
    [*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))]
    + [path for folder in ("envoy", "examples", "k8s") for path in (ROOT / folder).rglob("*.md")]
)
_FENCED = re.compile(r"^(?P<indent> *)```(?P<language>\S*)\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^(?: {4}.*)?\n)+", re.MULTILINE)
_OPERATORS = {"|", "||", ">", ">>", "<", ";", "&", "&&", "(", ")", ">(", "<(", ");"}


@dataclass(frozen=True)
class Block:
    """A block of code. ``language`` is empty where a page does not say it."""

    page: Path
    language: str
    text: str

    @property
    def name(self) -> str:
        """Return the page, and what the block begins with."""
        return f"{self.page.relative_to(ROOT)}: {self.text.strip().splitlines()[0]}"


def blocks() -> Iterator[Block]:
    """Yield all of them, page by page."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _FENCED.finditer(text):
            yield Block(page, match["language"], textwrap.dedent(match["text"]))
        for match in _INDENTED.finditer(_FENCED.sub("", text)):
            if match[0].strip() and not match[0].lstrip("\n").startswith("    -"):
                yield Block(page, "", textwrap.dedent(match[0].strip("\n")))


def commands(block: Block) -> Iterator[list[str]]:
    """Yield the arguments of each ``authz-sidecar`` that a block runs."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if "authz-sidecar " in line and not line.lstrip().startswith("#"):
            yield from _of_line(line.removeprefix("$ "))


def _of_line(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    for at, word in enumerate(words):
        # kubectl's -c is followed by the container's name.
        if word.endswith("/bin/authz-sidecar") or (word == "authz-sidecar" and (not at or words[at - 1] != "-c")):
            end = next((i for i in range(at + 1, len(words)) if words[i] in _OPERATORS), len(words))
            # 2>/dev/null comes as three words.
            redirects = end < len(words) and words[end].startswith(">") and words[end - 1] == "2"
            yield words[at + 1 : end - redirects]
