"""Whatever a machine says, findings are made of it, and can be written down and read again."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sidecar.doctor import wire
from sidecar.doctor.finding import findings
from sidecar.doctor.finding.kinds import KINDS
from sidecar.doctor.snapshot import FileFact, Given, Made, Pinned, Running, Share, Snapshot, SocketFact

_COUNT, _BYTES, _ID = st.integers(0, 300), st.integers(0, 1 << 50), st.integers(0, 1 << 32)
_CPUS = st.frozensets(st.integers(0, 65535), min_size=1, max_size=20)
_CPU_TIME = st.floats(0.001, 4096)
_TEXT = st.text(max_size=20)
_OWNED = dict.fromkeys(("folder_user", "folder_group", "user"), _ID)

_GIVEN = st.builds(
    Given,
    cpus=_CPUS,
    cpuset=st.none() | _CPUS,
    machine_cpus=st.integers(1, 65536),
    cpu_quota=st.none() | _CPU_TIME,
    usable_cpus=_CPU_TIME,
    cpu_nodes=_CPUS,
    memory_nodes=st.none() | _CPUS,
    half_cores=_CPUS | st.just(frozenset()),
    throttled_share=st.none() | st.floats(0, 1),
    throttled_periods=st.none() | _COUNT,
    throttled_seconds=st.none() | st.floats(0, 1e9),
    memory_limit_bytes=st.none() | _BYTES.map(lambda count: count + 1),
    memory_used_bytes=st.none() | _BYTES,
    open_files=st.none() | _COUNT,
)
_MADE = st.builds(
    Made,
    servers=st.integers(1, 256),
    verifiers=_COUNT,
    verifiers_max=st.none() | _COUNT,
    minters=_COUNT,
    pinned=st.lists(st.builds(Pinned, process=_TEXT, cpu=_COUNT), max_size=3).map(tuple),
    memory=st.lists(st.builds(Share, name=_TEXT, shared_bytes=_BYTES, process_bytes=_BYTES), max_size=4).map(tuple),
    cache_bytes=_BYTES,
    buffer_bytes=st.none() | _BYTES,
    connections=st.none() | _COUNT,
)
_SOCKET = st.builds(
    SocketFact,
    room=st.sampled_from(["native", "forward_auth"]),
    folder=_TEXT,
    group_setting=_TEXT,
    folder_mode=st.integers(0, 0o7777),
    mode=st.integers(0, 0o777),
    group=st.none() | _ID,
    envoy=st.none() | st.tuples(_ID, st.lists(_ID, min_size=1, max_size=3).map(tuple)),
    **_OWNED,
)
_SNAPSHOTS = st.builds(
    Snapshot,
    given=_GIVEN,
    made=st.none() | _MADE,
    running=st.none() | st.builds(Running, servers=_COUNT, verifiers=_COUNT, memory_bytes=st.none() | _BYTES),
    files=st.lists(st.builds(FileFact, setting=_TEXT, path=_TEXT, trouble=_TEXT), max_size=3).map(tuple),
    socket=st.none() | _SOCKET,
    forward_auth_socket=st.none() | _SOCKET,
    warnings=st.lists(_TEXT, max_size=2).map(tuple),
)


@given(_SNAPSHOTS)
def test_any_snapshot(snapshot: Snapshot) -> None:
    """Each finding is of a kind that there is, says something, and comes through JSON as it is."""
    found = findings(snapshot)
    for one in found:
        assert (one.severity, bool(one.change)) == (KINDS[one.id].severity, True)
    document = json.loads(wire.encode(snapshot, found, [], []))
    assert [one["text"] for one in document["findings"]] == [one.text for one in found]
    assert document["given"]["cpus"] == sorted(snapshot.given.cpus)


@given(_GIVEN)
def test_without_a_configuration_nothing_is_said_of_it(given_: Given) -> None:
    """What is only wrong with a configuration is not found without one."""
    about_given = {
        "cpu_throttled",
        "cpus_on_two_nodes",
        "memory_on_another_node",
        "memory_kills_all",
        "clock_unsynchronised",
    }
    assert {one.id for one in findings(Snapshot(given_))} <= about_given
