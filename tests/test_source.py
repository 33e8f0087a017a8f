"""What no linter looks for in the source."""

import importlib
import pkgutil
import re

import sidecar


def test_no_pattern_is_possessive() -> None:
    """No regular expression has possessive quantifiers or atomic groups.

    Python before 3.11.5, which Debian 12 ships, gets them wrong: with one of them ``/a/..`` was a path in normal form.
    """
    names = [module.name for module in pkgutil.walk_packages(sidecar.__path__, "sidecar.")]
    modules = [importlib.import_module(name) for name in names if not name.endswith("__main__")]
    patterns = {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    }
    assert "sidecar.core.path._NORMAL" in patterns
    broken = [name for name, pattern in patterns.items() if _is_possessive(pattern)]
    assert broken == []


def _is_possessive(pattern: re.Pattern[str]) -> bool:
    parsed = str(re._parser.parse(pattern.pattern))  # type: ignore[attr-defined]  # nothing public tells
    return "POSSESSIVE_REPEAT" in parsed or "ATOMIC_GROUP" in parsed
