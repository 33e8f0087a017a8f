"""What a request is for, in normal form: method, path, host and port have one spelling each."""

import re
from typing import NamedTuple

from sidecar.core.authority import host_forms
from sidecar.core.path import PathMode, normal_readings
from sidecar.core.reason import Reason, Refusal

#: Capitals alone: methods are case-sensitive (RFC 9110, section 9.1), HTTP/2 lets ``delete`` pass, and many upstreams
#: turn it into ``DELETE``. The longest one registered has 17 letters.
METHOD = re.compile(r"[A-Z][A-Z0-9_-]{0,31}", re.ASCII)


class Endpoint(NamedTuple):
    """Only ``endpoint_of`` makes one.

    ``paths`` are all that an upstream may take the path for, the path as sent first (``path.readings``). ``hosts`` are
    the forms of the authority that a host pattern may match (``authority.host_forms``). ``port`` is the listener's, as
    decimal digits; empty where Envoy names none, or nobody asks.
    """

    method: str
    paths: tuple[str, ...]
    hosts: tuple[str, ...]
    port: str


def endpoint_of(  # noqa: PLR0913, PLR0917 - four of the request, two of the configuration
    method: str, authority: str, path: str, port: str, mode: PathMode, max_path_bytes: int
) -> Endpoint:
    """Return the endpoint if it is in normal form; raises ``Refusal``. ``path`` has no query."""
    if METHOD.fullmatch(method) is None:
        raise Refusal(Reason.METHOD_NOT_NORMAL, "not in capitals, or longer than any method is")
    hosts = host_forms(authority)
    if not hosts:
        raise Refusal(Reason.HOST_NOT_NORMAL, "not a plain host, with or without a port")
    if len(path) > max_path_bytes:
        raise Refusal(Reason.PATH_TOO_LONG, f"{len(path)} bytes, at most {max_path_bytes}")
    paths = normal_readings(path, mode)
    if paths is None:
        raise Refusal(Reason.PATH_NOT_NORMAL, f"not as path mode {mode.value} wants it")
    return Endpoint(method, paths, hosts, port)
