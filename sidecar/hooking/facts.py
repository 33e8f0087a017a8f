"""What hooks are, without importing them: their digests, files and declarations, as another process found them."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from sidecar.hooks.declaration import Declaration

if TYPE_CHECKING:
    from sidecar.hooking.finding import Found

#: Seconds that all modules together may take to be imported.
IMPORT_SECONDS = 30.0
#: Characters of an error's text that are told.
_LONGEST_TEXT = 500


class HookProblemsError(Exception):
    """Hooks that cannot be asked: ``problems`` are the place in the list and what is wrong."""

    def __init__(self, problems: Sequence[tuple[int, str]]) -> None:
        super().__init__("; ".join(text for _, text in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class HookFacts:
    """One hook. ``digest`` (hexadecimal) is of its code and declaration, ``file`` its module's."""

    call: str
    digest: str
    file: str
    is_async: bool
    declared: Declaration

    @classmethod
    def of(cls, found: "Found") -> "HookFacts":
        """Return those of a hook that was imported."""
        return cls(found.call, found.digest.hex(), found.file, found.is_async, found.declared)

    def plain(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return asdict(self)


def describe(calls: Sequence[str], folder: str | None) -> bytes:
    """Have another process import hooks; return what they are, for ``read_facts``. Raises ``HookProblemsError``."""
    if not calls:
        return b""
    question = json.dumps({"calls": list(calls), "folder": folder}).encode()
    try:
        done = subprocess.run(
            # -P: no module of the folder that somebody happens to be in.
            [sys.executable, "-P", "-m", "sidecar.hooking.describe"],
            input=question,
            stdout=subprocess.PIPE,
            check=False,
            timeout=IMPORT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        text = f"modules are not imported after {IMPORT_SECONDS:g} seconds; do what takes long in the hook, once"
        raise HookProblemsError([(0, text)]) from None
    except OSError as error:
        raise HookProblemsError([(0, f"no process to import hooks in: {error.strerror}")]) from None
    try:
        answers = json.loads(done.stdout)
    except ValueError:
        text = f"a module ended the process it was imported in (exit code {done.returncode})"
        raise HookProblemsError([(0, text)]) from None
    problems = [(place, one["error"][:_LONGEST_TEXT]) for place, one in enumerate(answers) if "error" in one]
    if problems:
        raise HookProblemsError(problems)
    return bytes(done.stdout)


def read_facts(document: bytes) -> tuple[HookFacts, ...]:
    """Read what ``describe`` returned, in its order."""
    return tuple(_facts(one) for one in json.loads(document)) if document else ()


def _facts(plain: dict[str, object]) -> HookFacts:
    declared = plain.pop("declared")
    assert isinstance(declared, dict)  # noqa: S101 - as plain() writes it
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in declared.items()}
    known = {one.name for one in fields(HookFacts)}
    return HookFacts(declared=Declaration(**values), **{name: value for name, value in plain.items() if name in known})  # type: ignore[arg-type]
