"""What hooks are, found out by another process."""

import sys
from pathlib import Path

import pytest

from sidecar.hooking import facts
from sidecar.hooking.facts import HookProblemsError, describe, read_facts


def _describe(folder: Path, text: str, *names: str) -> tuple[facts.HookFacts, ...]:
    (folder / "rules_here.py").write_text("from sidecar.hooks import *\n" + text, encoding="utf-8")
    return read_facts(describe([f"rules_here:{name}" for name in names or ("check",)], str(folder)))


def test_found(tmp_path: Path) -> None:
    """File, declaration and kind come out, and nothing is imported here."""
    text = """
print("said at import")
@hook(reads_headers=["x-a"], cache=["path"], ttl=2.5, shared=True)
async def check(request, identity): ...
def other(request, identity): ...
"""
    one, two = _describe(tmp_path, text, "check", "other")
    assert (one.file, one.is_async, two.is_async) == (str(tmp_path / "rules_here.py"), True, False)
    declared = one.declared
    assert (declared.reads_headers, declared.cache, declared.ttl, declared.shared) == (("x-a",), ("path",), 2.5, True)
    assert one.digest != two.digest
    assert "rules_here" not in sys.modules


def test_digest(tmp_path: Path) -> None:
    """The digest is the same for the same file, and another for any other."""
    text = "def check(request, identity): ...\n"
    (one,), (same,), (other,) = (_describe(tmp_path, each) for each in (text, text, text + "#\n"))
    assert one == same
    assert one.digest != other.digest


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = 1", "has no 'check'; write the name of a function in it"),
        ("check = 1", "is no function but a int"),
        ("class check: ...", "is no function but a type"),
        ("def check(request): ...", "must take two arguments: def check(request, identity)"),
        ("def check(request, identity, more): ...", "must take two arguments"),
        ("def check(*, request, identity): ...", "must take two arguments"),
        ("def check(request, identity): yield 1", "yields; a hook returns its decision"),
        ("async def check(request, identity): yield 1", "yields; a hook returns its decision"),
        ("@hook(cpu_bound=True)\nasync def check(request, identity): ...", "is async and cpu_bound"),
        ("@hook(cache=['pathh'], ttl=1)\ndef check(request, identity): ...", "cannot be imported: ValueError: cache"),
        ("def check(request, identity): ...\ncheck.__authz_hook__ = 5", "its declaration is none"),
        ("import nothing_of_that_name", "needs 'nothing_of_that_name', which is not installed"),
        ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero at "),
        ("def check(", "cannot be imported: SyntaxError"),
        ("raise SystemExit('bye')", "cannot be imported: SystemExit: bye"),
        ("import os; os._exit(5)", "ended the process it was imported in (exit code 5)"),
    ],
)
def test_wrong(tmp_path: Path, text: str, why: str) -> None:
    """What is wrong is told, with what to do."""
    with pytest.raises(HookProblemsError) as refused:
        _describe(tmp_path, text)
    ((place, found),) = refused.value.problems
    assert place == 0
    assert why in found


def test_no_module(tmp_path: Path) -> None:
    """A module that is not there names the part that is missing, and where it could be."""
    for call, name in (("no_module_here:check", "no_module_here"), ("sidecar.no_module:check", "sidecar.no_module")):
        with pytest.raises(HookProblemsError) as refused:
            describe([call], str(tmp_path))
        assert f"there is no module '{name}'; install it, or name the folder" in str(refused.value)


def test_folder_comes_last(tmp_path: Path) -> None:
    """A file in the folder never takes the place of a module that is installed."""
    (tmp_path / "json.py").write_text("def check(request, identity): ...\n", encoding="utf-8")
    with pytest.raises(HookProblemsError, match="has no 'check'"):
        describe(["json:check"], str(tmp_path))


def test_import_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing has a time limit."""
    monkeypatch.setattr(facts, "IMPORT_SECONDS", 1.0)
    with pytest.raises(HookProblemsError, match="not imported after 1 seconds"):
        _describe(tmp_path, "import time; time.sleep(60)")


def test_threads_of_a_module(tmp_path: Path) -> None:
    """A module that starts threads keeps nobody waiting."""
    text = """
import threading, time
threading.Thread(target=time.sleep, args=(100,)).start()
def check(request, identity): ...
"""
    (found,) = _describe(tmp_path, text)
    assert found.call == "rules_here:check"
