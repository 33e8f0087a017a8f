"""What a release takes (docs/releasing.md): ``python -m releasing COMMAND …``, in the checkout's folder.

    prepare VERSION        each file names it that has to, and the changelog has its section
    check TAG              exit code 1, and why, unless this checkout is that release
    component FILE VERSION a list of components says of which version of ours it is
    sums FOLDER            SHA256SUMS
    sign FOLDER KEY        the same, and signatures

Exit code 1: it is not so, or cannot be done; standard error says why.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from releasing import checked, notes, places, signed

_ROOT = Path.cwd()


def _prepare(version: str) -> None:
    checked.version_of(f"v{version}")
    changed = places.write(_ROOT, version)
    notes.begin(_ROOT, version, datetime.now().astimezone().date())
    sys.stdout.writelines(f"{file.relative_to(_ROOT)}: {version}\n" for file in changed)


def _check(tag: str) -> None:
    found = list(checked.problems(_ROOT, tag))
    if found:
        raise checked.NoReleaseError("\n".join(found))
    sys.stdout.write(f"{tag}: changelog, upgrade notes, manifests, chart and tag agree\n")


def _component(file: str, version: str) -> None:
    """Add it to metadata.component (CycloneDX): the generator looks in pyproject.toml, and the version is git's."""
    document = json.loads(Path(file).read_text(encoding="utf-8"))
    ours = document["metadata"]["component"]
    ours |= {"version": version, "purl": f"pkg:pypi/{ours['name']}@{version}"}
    Path(file).write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _sums(folder: str) -> None:
    sys.stdout.write(f"{signed.summed(Path(folder))}\n")


def _sign(folder: str, key: str) -> None:
    private = signed.read_key(Path(key))
    made = [signed.summed(Path(folder)), *signed.sign(Path(folder), private)]
    sys.stdout.writelines(f"{file}\n" for file in made)


_COMMANDS: Mapping[str, Callable[..., None]] = {
    "prepare": _prepare,
    "check": _check,
    "component": _component,
    "sums": _sums,
    "sign": _sign,
}


def main() -> int:
    """Do what is asked for; return the exit code."""
    form = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(prog="releasing", description=__doc__, formatter_class=form)
    parser.add_argument("command", choices=_COMMANDS)
    parser.add_argument("arguments", nargs="*")
    given = parser.parse_args()
    try:
        _COMMANDS[given.command](*given.arguments)
    except (checked.NoReleaseError, signed.KeyFileError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
