"""The decision log, and the denials of late."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from sidecar.decision_log import pointer
from sidecar.settings.base import Model, Text, checked
from sidecar.settings.otlp import OtlpSettings
from sidecar.settings.processes import Size


class LogOtlpSettings(OtlpSettings):
    """A collector that decisions are sent to, as OTLP logs."""

    service_name: Text = Field("authz-sidecar", description="What the records' resource calls us (service.name).")


class DecisionLogSettings(Model):
    """What is told of single checks (docs/decision-log.md). Nothing, unless 'stdout', 'file' or 'otlp' says where."""

    stdout: bool = Field(
        default=False,
        description="Lines of JSON on standard output. The sidecar's own log is on standard error, so that both can be "
        "told apart.",
    )
    file: Text | None = Field(
        None,
        description="A file that they are appended to, made with mode 0600, in a folder that is there. It may be "
        "renamed at any time, as by logrotate: within a second there is a new one. Default: none.",
    )
    otlp: LogOtlpSettings | None = Field(
        None, description="A collector that they are sent to, as OTLP logs; takes the extra 'otel'. Default: none."
    )
    allows_one_in: int = Field(
        100,
        ge=0,
        le=1_000_000,
        description="Of what is allowed one check in so many is logged, by chance; 0: none, 1: all. A line costs some "
        "ten times what a check of a known token does.",
    )
    denials_one_in: int = Field(
        1,
        ge=0,
        le=1_000_000,
        description="The same for what is denied, and for what is let pass and would be denied, were all policies "
        "enforced. 1, all of them: they are what is asked about.",
    )
    lines_per_second: int = Field(
        1000,
        ge=1,
        le=1_000_000,
        description="Lines of each server in a second, at the most; further ones are counted. A flood of denials must "
        "neither fill the disk nor take the CPU from others.",
    )
    mask: list[Annotated[str, checked(pointer.parse)]] = Field(
        default=[],
        max_length=32,
        description="Fields that nobody is to read, as JSON pointers (RFC 6901): '/subject', '/dry_run/policy'. Their "
        "value is '***' then, in the log and in the denials of late.",
    )
    hash: list[Annotated[str, checked(pointer.parse_text)]] = Field(
        default=[],
        max_length=32,
        description="Fields of which a keyed hash (BLAKE2b) is told instead, by which lines can be joined: the same "
        "for the same value, in all sidecars with one key.",
    )
    hash_key_file: Text | None = Field(
        None, description="A file with the key of these hashes: 32 to 64 bytes, by chance. Read at the start."
    )
    queue_bytes: Size = Field(
        8 * 1024**2,
        ge=64 * 1024,
        le=1024**3,
        description="Bytes of requests, in each server, that wait to be told of, some 2 KiB each; as many records wait "
        "to be written as it has KiB. What finds no room is dropped and counted; checks never wait.",
    )
    recent: bool = Field(
        default=True,
        description="Keeps the last 64 denials of each server in memory, for GET /denials of the administration, and "
        "only where that listens: at most 20 a second, of which one costs what a line does.",
    )

    @property
    def is_written(self) -> bool:
        """Say whether lines are written anywhere."""
        return self.stdout or self.file is not None or self.otlp is not None

    @model_validator(mode="after")
    def _keyed(self) -> Self:
        if bool(self.hash) is (self.hash_key_file is None):
            raise ValueError("'hash' and 'hash_key_file' go together; give both or neither")
        return self
