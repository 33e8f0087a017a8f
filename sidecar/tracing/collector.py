"""Where a collector is, and what goes there beside what is told: headers and certificates, out of files."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sidecar.keys.regular_file import open_regular

#: A header's name in small letters (as gRPC has them) and its value, visible characters and spaces within.
_HEADER = re.compile(r"([A-Za-z0-9_.-]+)[ \t]*:[ \t]*([!-~](?:[ -~]*[!-~])?)", re.ASCII)
#: What gRPC has for bytes, and for itself.
_RESERVED = ("grpc-", "-bin")
_LARGEST_FILE = 65536


class CollectorError(Exception):
    """The collector's files do not do. The text names the file and the line, and nothing that stands there."""


@dataclass(frozen=True, slots=True)
class Collector:
    """A collector that speaks OTLP at ``endpoint``, an http:// or https:// URL. ``timeout`` is in seconds."""

    endpoint: str
    protocol: Literal["grpc", "http"]
    timeout: float
    headers_file: Path | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    @property
    def files(self) -> list[Path]:
        """Return the files that are read."""
        named = (self.headers_file, self.ca_file, self.certificate_file, self.key_file)
        return [one for one in named if one is not None]

    def headers(self) -> dict[str, str]:
        """Read the headers; raises ``CollectorError``."""
        if self.headers_file is None:
            return {}
        return read_headers(self.headers_file.name, read_file(self.headers_file).decode("utf-8", "replace"))


def read_file(path: Path) -> bytes:
    """Read a file of the collector's; raises ``CollectorError``."""
    try:
        with open_regular(path) as file:
            return file.read(_LARGEST_FILE)
    except OSError as error:
        raise CollectorError(f"{path} cannot be read: {error.strerror}") from None


def read_headers(file: str, text: str) -> dict[str, str]:
    """Read lines of ``name: value``, empty ones and those with ``#`` in front left out; raises ``CollectorError``."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _HEADER.fullmatch(line.strip())
        if match is None:
            raise CollectorError(f"{file}:{number}: is no header; write 'name: value', a line each")
        name = match[1].lower()
        if name in found or name.startswith(_RESERVED[0]) or name.endswith(_RESERVED[1]):
            raise CollectorError(f"{file}:{number}: a header that comes twice, or that is gRPC's own")
        found[name] = match[2]
    return found


def shown(text: str) -> str:
    """Return what somebody else said, such that it fits into a line of the log."""
    return "".join(one if one.isprintable() else " " for one in text)[:200]
