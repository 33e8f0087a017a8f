"""How many processes, and the addresses they listen on."""

from typing import Any

import pytest

from sidecar.placement.apply import allowed_cpus
from sidecar.runtime.ipc.fleet import Role
from sidecar.runtime.supervision.planning import plan_fleet
from sidecar.settings import Settings
from sidecar.transport.address import AddressError, numbered, parse

_ISSUER = {"issuer": "https://idp.example", "audiences": ["a"], "keys": {"file": "jwks.json"}}


def _settings(**changes: Any) -> Settings:  # noqa: ANN401 - any field
    return Settings.model_validate({"issuers": [_ISSUER], **changes})


def _no_warning(text: str) -> None:
    raise AssertionError(text)


def test_names_and_numbers() -> None:
    """Control comes first, then servers, then verifiers; those for costly algorithms last."""
    fleet = plan_fleet(_settings(servers=2, verification_workers=1, jwt_processor_workers=2), _no_warning)
    assert fleet.names == ["control", "server-0", "server-1", "verifier-0", "verifier-1", "verifier-2"]
    assert (fleet.common, fleet.costly) == (range(1), range(1, 3))
    assert [member.index for member in fleet.members] == list(range(6))


def test_default_is_what_the_machine_has() -> None:
    """By default there is a server for each CPU but the verifiers', and always one."""
    fleet = plan_fleet(_settings(), lambda _: None)
    assert fleet.servers >= 1
    assert fleet.servers + fleet.verifiers <= max(2, len(allowed_cpus()))


def test_nothing_is_pinned_unless_asked() -> None:
    """Without cpu_affinity_enabled nobody has a place; with it everybody but control has one CPU."""
    assert all(member.place.cpus is None for member in plan_fleet(_settings(servers=2), lambda _: None).members)
    pinned = plan_fleet(_settings(servers=1, cpu_affinity_enabled=True), lambda _: None)
    assert [len(member.place.cpus or ()) for member in pinned.of(Role.SERVER)] == [1]
    assert pinned.members[0].place.cpus is None


@pytest.mark.parametrize(
    ("address", "number", "expected"),
    [
        ("127.0.0.1:9191", 0, "127.0.0.1:9191"),
        ("127.0.0.1:9191", 2, "127.0.0.1:9193"),
        ("[::1]:9191", 1, "[::1]:9192"),
        ("127.0.0.1:0", 3, "127.0.0.1:0"),
        ("unix:/run/authz/authz.sock", 0, "unix:/run/authz/authz.sock"),
        ("unix:/run/authz/authz.sock", 1, "unix:/run/authz/authz-1.sock"),
        ("unix:/run/a.b/authz", 1, "unix:/run/a.b/authz-1"),
        ("unix:/run/.sock", 1, "unix:/run/.sock-1"),
        ("unix:@authz", 2, "unix:@authz-2"),
        ("unix:@a.b", 2, "unix:@a-2.b"),
    ],
)
def test_addresses(address: str, number: int, expected: str) -> None:
    """The first server has the address itself, each other one the next."""
    assert str(numbered(parse(address), number)) == expected


@pytest.mark.parametrize(("address", "number"), [("127.0.0.1:65535", 1), (f"unix:/{'x' * 106}", 1)])
def test_addresses_that_there_are_not(address: str, number: int) -> None:
    """A port or path beyond what the system has is refused."""
    with pytest.raises(AddressError):
        numbered(parse(address), number)
