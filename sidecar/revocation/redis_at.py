"""Where Redis is, and as whom to go there."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.keys.regular_file import must_be_regular, read_regular


@dataclass(frozen=True, slots=True)
class RedisAt:
    """Files are read at each connection."""

    url: str  #: redis://, rediss:// or unix://, without password
    stream: str
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    def options(self) -> dict[str, Any]:
        """Return what a client is made with beside the URL; raises ``OSError`` where a file cannot be read.

        Raises ``ValueError`` where the password is no UTF-8.
        """
        password = None if self.password_file is None else read_regular(self.password_file).decode().strip()
        options: dict[str, Any] = {"username": self.username, "password": password}
        if self.url.startswith("rediss://"):
            files = {"ssl_ca_certs": self.ca_file, "ssl_certfile": self.certificate_file, "ssl_keyfile": self.key_file}
            for file in filter(None, files.values()):
                must_be_regular(file)
            options |= {name: str(file) for name, file in files.items() if file is not None}
            options["ssl_min_version"] = ssl.TLSVersion.TLSv1_2
        return options
