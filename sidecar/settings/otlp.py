"""Where telemetry is sent to: a collector that speaks OTLP, OpenTelemetry's protocol."""

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from sidecar.settings.base import Model, Text, checked

#: A host and, if there is one, a port and a path; no user, no query, nothing to be decoded.
_ENDPOINT = re.compile(
    r"https?://(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?",
    re.ASCII,
)
_LARGEST_PORT = 65535


def _check_endpoint(text: str) -> None:
    if _ENDPOINT.fullmatch(text) is None:
        raise ValueError("is no endpoint; write http(s)://HOST:PORT, without user, query and fragment")
    port = urlsplit(text).netloc.rpartition(":")[2]
    if port.isdigit() and not 0 < int(port) <= _LARGEST_PORT:
        raise ValueError(f"has port {port}; allowed: 1 to {_LARGEST_PORT}")


class OtlpSettings(Model):
    """A collector of OpenTelemetry's."""

    endpoint: Annotated[Text, checked(_check_endpoint)] = Field(
        description="Where the collector is: https://HOST:PORT, or http:// for one on this machine. With 'http' the "
        "signal's own path (/v1/traces, /v1/logs) is put behind it. The usual ports: 4317 for grpc, 4318 for http."
    )
    protocol: Literal["grpc", "http"] = Field("grpc", description="OTLP over gRPC, or as protobuf over HTTP.")
    headers_file: Text | None = Field(
        None,
        description="A file with headers for the collector, a line each, 'name: value'; often a secret. Read again "
        "whenever it has changed. Relative to the configuration's folder, as all files here.",
    )
    ca_file: Text | None = Field(
        None, description="CAs, in PEM, of the collector's certificate. Default: those that are usual."
    )
    certificate_file: Text | None = Field(
        None, description="Our certificate and its chain, in PEM, if the collector asks for one."
    )
    key_file: Text | None = Field(None, description="Its private key, in PEM, not encrypted.")
    timeout_seconds: float = Field(
        5.0, ge=0.1, le=60, description="Seconds for one delivery, repetitions included. Then it is dropped."
    )
    allow_plaintext: bool = Field(
        default=False,
        description="Take http:// to another machine: what is told, and the headers, cross the network in the clear. "
        "For meshes that encrypt by themselves.",
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        parts = urlsplit(self.endpoint)
        if self.protocol == "grpc" and parts.path.strip("/"):
            raise ValueError("'endpoint' has a path, for which gRPC has no place; leave it out, or write 'http'")
        is_here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if parts.scheme == "http" and not is_here and not self.allow_plaintext:
            raise ValueError(
                "'endpoint' is not https, and on another machine: what is told would cross the network in the clear; "
                "write https://, or set 'allow_plaintext' where a mesh encrypts"
            )
        if parts.scheme == "http" and (self.ca_file or self.certificate_file or self.key_file):
            raise ValueError("'ca_file', 'certificate_file' and 'key_file' go with https:// only")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("'certificate_file' and 'key_file' go together; give both or neither")
        return self
