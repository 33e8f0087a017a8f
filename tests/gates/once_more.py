"""Print the tests that failed in the last run, where they may be run once more: a few, and nothing else was wrong."""

import json
import sys
from pathlib import Path

_CACHE = Path(".pytest_cache/v")
#: More than these are no accident.
_MOST = 3
#: pytest's exit status where all tests were run, and some failed; any other says that some were not.
_TESTS_FAILED = 1


def failed_only(cache: Path) -> list[str]:
    """Return the tests that failed; none where there are more than three, or where the run ended in another way."""
    try:
        ended = json.loads((cache / "authz" / "ended").read_text(encoding="utf-8"))
        failed = list(json.loads((cache / "cache" / "lastfailed").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []
    return failed if ended == _TESTS_FAILED and len(failed) <= _MOST else []


if __name__ == "__main__":
    tests = failed_only(_CACHE)
    sys.stdout.writelines(f"{test}\n" for test in tests)
    sys.exit(not tests)
