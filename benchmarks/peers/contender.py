"""What a contender is, and what it gets to start with."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from peers.tokens import Keys
from peers.tools import Tools
from sidecar.core.strict_json import Json
from sidecar.demo.process import Process

#: A message of Envoy's configuration, as ProtoJSON.
Message = Mapping[str, Json]


class NotAvailableError(RuntimeError):
    """A contender that cannot be started here. The text says why."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What contenders are started with. ``folder`` is one contender's own and has a short name."""

    folder: Path
    tools: Tools
    keys: Keys


@dataclass(frozen=True, slots=True)
class Front:
    """What a started contender puts into Envoy."""

    filters: tuple[Message, ...] = ()
    clusters: tuple[Message, ...] = ()
    process: Process | None = None
    #: Where the tenant is in dynamic metadata, as Envoy's DYNAMIC_METADATA formatter takes it.
    tenant: str = ""
    #: A whole bootstrap of its own, instead of the one that all share.
    bootstrap: str = ""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to decide on requests. ``start`` raises ``NotAvailableError`` or ``ProcessError``."""

    name: str
    title: str
    settings: str
    start: Callable[[Bench, ExitStack], Front] = field(compare=False)
    #: Measured at the reference cell alone.
    variant: bool = False
    #: Whether it refuses anything.
    decides: bool = True
    #: Whether Envoy traces all requests, which changes the metadata of every check.
    traced: bool = False
