"""Run h2spec against the native transport; fail where a case fails that docs/h2spec.md does not list.

    python tests/gates/h2spec.py H2SPEC

H2SPEC is the binary: ``GOBIN=... go install github.com/summerwind/h2spec/cmd/h2spec@latest``. All its cases are run,
the strict ones too. A listed case that passes fails the run as well: then the list is to be shortened.
"""

import argparse
import asyncio
import re
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

import uvloop

from sidecar.transport.address import TcpAddress
from sidecar.transport.native.server import NativeServer
from sidecar.transport.service import SERVICE

_PAGE = Path(__file__).parents[2] / "docs/h2spec.md"
_LISTED = re.compile(r"^\| `([a-z0-9]+/[0-9.]+)` \| ([^|]+?) \|", re.MULTILINE)
_SECONDS = 300
#: So many there were when this was written: fewer, and h2spec has not run what it is trusted to.
_LEAST = 146

Case = tuple[str, str]


def listed() -> set[Case]:
    """Return the cases that docs/h2spec.md lists: section and title."""
    return {(section, title) for section, title in _LISTED.findall(_PAGE.read_text(encoding="utf-8"))}


def outcomes(report: Path) -> dict[Case, bool]:
    """Return whether each case of a JUnit report has passed."""
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 - of the program that we have just run
    return {(case.attrib["package"], case.attrib["classname"]): len(case) == 0 for case in cases}


async def run(binary: Path, report: Path) -> str:
    """Run h2spec against a server of its own; return what it printed."""
    server = NativeServer(lambda message, _seconds: message)
    address = await server.start(TcpAddress("127.0.0.1", 0))
    assert isinstance(address, TcpAddress)
    command = [str(binary), "generic", "http2", "hpack", "--strict", "--host", address.host, "--port"]
    command += [str(address.port), "--path", f"/{SERVICE}/Check", "--timeout", "5", "--junit-report", str(report)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(_SECONDS):
            printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
        await server.stop(0)
    return printed.decode()


def main() -> int:
    """Run it, say what is wrong, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    with tempfile.TemporaryDirectory(prefix="h2spec-") as folder:
        report = Path(folder) / "report.xml"
        printed = uvloop.run(run(parser.parse_args().binary.resolve(), report))
        found = outcomes(report)
    failed = {case for case, passed in found.items() if not passed}
    problems = [f"fails, and is not listed: {' '.join(case)}" for case in sorted(failed - listed())]
    problems += [f"is listed, and does not fail: {' '.join(case)}" for case in sorted(listed() - failed)]
    if len(found) < _LEAST:
        problems.append(f"only {len(found)} cases were run")
    if problems:
        sys.stderr.write(printed + "\n".join(problems) + "\n")
        return 1
    sys.stdout.write(f"h2spec: {len(found)} cases, {len(found) - len(failed)} pass, {len(failed)} as listed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
