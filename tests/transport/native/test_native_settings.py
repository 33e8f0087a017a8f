"""The native transport's settings."""

from dataclasses import fields

import pytest
from pydantic import ValidationError

from sidecar.settings.native import NativeSettings
from sidecar.transport.native.limits import Limits
from sidecar.transport.native.listening import SocketOptions


def test_every_limit_is_a_setting_with_the_same_default() -> None:
    """What the transport takes by itself is what the settings say, and nothing is out of an operator's reach."""
    assert NativeSettings.model_validate({}).limits() == Limits()
    assert {field.name for field in fields(Limits)} == set(NativeSettings.model_fields) - {
        "socket_mode",
        "socket_group",
        "allowed_peers",
        "takes_over",
    }


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_every_limit_can_be_set(name: str) -> None:
    """Twice the default is taken, and given to the transport."""
    wanted = getattr(Limits(), name) * 2
    others = {"connection_window_bytes": 2**31 - 1} if name == "stream_window_bytes" else {}
    assert getattr(NativeSettings.model_validate({name: wanted} | others).limits(), name) == wanted


def test_sizes_may_have_units() -> None:
    """As elsewhere in the configuration."""
    assert NativeSettings.model_validate({"max_message_bytes": "128MiB"}).limits().max_message_bytes == 128 * 1024**2


def test_socket_options() -> None:
    """Permissions are octal, as in chmod."""
    assert NativeSettings.model_validate({}).socket_options() == SocketOptions(0o660, None)
    wanted = {"socket_mode": "0600", "socket_group": "envoy"}
    assert NativeSettings.model_validate(wanted).socket_options() == SocketOptions(0o600, "envoy")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"max_connections": 0}, "greater than or equal to 8"),
        ({"max_frame_bytes": 16383}, "greater than or equal to 16384"),
        ({"unsent_seconds": 0}, "greater than 0"),
        ({"socket_mode": "0777"}, "Input should be '0600', '0660' or '0666'"),
        ({"max_total_buffer_bytes": "255MiB"}, "must not be smaller than 'max_request_bytes'"),
        ({"stream_window_bytes": "32MiB"}, "must not become smaller"),
        ({"max_frame_bytes": "1MiB", "stream_window_bytes": "512KiB"}, "must not become smaller"),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, object], says: str) -> None:
    """With what is wrong about it."""
    with pytest.raises(ValidationError, match=says):
        NativeSettings.model_validate(values)
