"""How many processes, and the addresses they listen on."""

from dataclasses import replace
from typing import Any

import pytest

from sidecar.placement.allowance import Allowance, read_allowance
from sidecar.runtime.ipc.fleet import Role
from sidecar.runtime.supervision.planning import counts_for, plan_fleet
from sidecar.settings import Settings
from sidecar.sizing.look import Bounds
from sidecar.transport.address import AddressError, numbered, parse

_ISSUER = {"issuer": "https://idp.example", "audiences": ["a"], "keys": {"file": "jwks.json"}}


def _settings(**changes: Any) -> Settings:  # noqa: ANN401 - any field
    return Settings.model_validate({"issuers": [_ISSUER], **changes})


def _cpus(count: int) -> Allowance:
    return Allowance(frozenset(range(count)))


def _no_warning(text: str) -> None:
    raise AssertionError(text)


def test_names_and_numbers() -> None:
    """Control comes first, then servers, then verifiers; those for costly algorithms last."""
    fleet = plan_fleet(_settings(servers=2, verification_workers=1, jwt_processor_workers=2), _cpus(8), _no_warning)
    assert fleet.names == ["control", "server-0", "server-1", "verifier-0", "verifier-1", "verifier-2"]
    assert (fleet.common, fleet.costly) == (range(1), range(1, 3))
    assert [member.index for member in fleet.members] == list(range(6))


def test_default_is_what_the_machine_has() -> None:
    """By default there is a server for each CPU but the verifiers', and always one."""
    allowance = read_allowance()
    fleet = plan_fleet(_settings(), allowance, lambda _: None)
    assert fleet.servers >= 1
    assert fleet.servers + fleet.verifiers <= max(2, len(allowance.cpus))


@pytest.mark.parametrize(
    ("allowance", "servers", "verifiers"),
    [
        (_cpus(1), 1, 0),
        (_cpus(2), 1, 1),
        (_cpus(8), 7, 1),
        (replace(_cpus(8), quota=4.0), 3, 1),
        (replace(_cpus(8), quota=2.9), 1, 1),
        (replace(_cpus(8), quota=1.5), 1, 0),
        (replace(_cpus(8), quota=0.5), 1, 0),
    ],
)
def test_numbers_come_from_the_allowance(allowance: Allowance, servers: int, verifiers: int) -> None:
    """CPUs and quota say how many there are, whichever is less; a number that is configured stays."""
    counts = counts_for(_settings(), allowance)
    assert (counts.servers, counts.verifiers) == (servers, verifiers)
    given = counts_for(_settings(servers=5, verification_workers=3), allowance)
    assert (given.servers, given.verifiers) == (5, 3)


@pytest.mark.parametrize(
    ("given", "bounds", "jwt"),
    [
        ({"verification_workers_max": 4}, (1, 1, 4), 0),
        ({"verification_workers_max": 4, "verification_workers": 2}, (1, 2, 4), 1),
        ({"verification_workers_max": 4, "verification_workers_min": 2}, (2, 2, 4), 1),
        ({"verification_workers_max": 3, "verification_workers_min": 3}, (3, 3, 3), 0),
    ],
)
def test_verifiers_whose_number_changes(given: dict[str, int], bounds: tuple[int, int, int], jwt: int) -> None:
    """There is a place for as many as there may be, and those for RSA and ECDSA come after them."""
    fleet = plan_fleet(_settings(jwt_processor_workers=jwt, **given), _cpus(8), _no_warning)
    most = bounds[2]
    assert fleet.bounds == Bounds(*bounds)
    assert [member.number for member in fleet.elastic] == list(range(most))
    assert (fleet.verifiers, fleet.costly) == (most + jwt, range(most, most + jwt))
    assert fleet.servers == 8 - bounds[1] - jwt


def test_more_verifiers_than_cpus_are_warned_of() -> None:
    """No more are started than CPUs may be used, and it is said that it comes to no more."""
    told: list[str] = []
    fleet = plan_fleet(_settings(verification_workers=4, verification_workers_max=8), _cpus(2), told.append)
    assert fleet.bounds == Bounds(1, 2, 8)
    assert len(told) == 1
    assert "verification_workers_max is 8, and only 2 CPUs" in told[0]


def test_nothing_is_pinned_unless_asked() -> None:
    """Without cpu_affinity_enabled nobody has a place; with it everybody but control has one CPU."""
    allowance = read_allowance()
    anywhere = plan_fleet(_settings(servers=2), allowance, lambda _: None)
    assert all(member.place.cpus is None for member in anywhere.members)
    pinned = plan_fleet(_settings(servers=1, cpu_affinity_enabled=True), allowance, lambda _: None)
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
