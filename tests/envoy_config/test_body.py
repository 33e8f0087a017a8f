"""Bodies in the generated configuration: whether Envoy sends them, how, and what it says of it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sidecar.core.headers_read import BODY_BYTES
from sidecar.envoy_config.bootstrap import to_json
from sidecar.envoy_config.matching import options_for
from sidecar.envoy_config.options import EnvoyOptions
from sidecar.settings.native import NativeSettings
from sidecar.transport.grpcio_server import MAX_MESSAGE_BYTES
from support.trusts import trust

#: What may stand beside a body in a check: Envoy takes 60 KiB of a client's headers, and names the path twice.
_BESIDE = 256 * 1024


def found(document: object, name: str) -> list[Any]:
    """Return all values of a field, wherever it is."""
    if isinstance(document, list):
        return [one for item in document for one in found(item, name)]
    if not isinstance(document, dict):
        return []
    here = [document[name]] if name in document else []
    return here + [one for item in document.values() for one in found(item, name)]


def generated(options: EnvoyOptions) -> object:
    """Return the whole configuration."""
    return json.loads(to_json(options))


@pytest.mark.parametrize("partial", [False, True])
def test_what_a_trust_takes(partial: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """Envoy sends as much as the sidecar takes, as bytes, and says so; larger ones pass only where that is wanted."""
    in_force = replace(trust(), max_body_bytes=1000, takes_partial_bodies=partial)
    document = generated(options_for(in_force, ("127.0.0.1:9001",), None))
    (settings,) = found(document, "withRequestBody")
    assert (settings["maxRequestBytes"], settings["packAsBytes"]) == (1000, True)
    assert settings.get("allowPartialMessage", False) is partial
    assert found(document, "authz.body") == ["1000"]


@pytest.mark.parametrize("all_headers", [False, True])
def test_none(all_headers: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """Without, nothing waits for a body."""
    document = generated(options_for(trust(), ("127.0.0.1:9001",), None, all_headers=all_headers))
    assert found(document, "withRequestBody") == found(document, "authz.body") == []


def test_it_is_said_also_where_all_headers_are_sent() -> None:
    """One does not depend on the other."""
    assert found(generated(EnvoyOptions(max_body_bytes=64)), "authz.body") == ["64"]


def test_messages_have_room_for_it() -> None:
    """The least that a message may be limited to, with either transport, holds the largest body and all else."""
    (least,) = (one.ge for one in NativeSettings.model_fields["max_message_bytes"].metadata if hasattr(one, "ge"))
    assert min(least, MAX_MESSAGE_BYTES) >= BODY_BYTES + _BESIDE
