"""What the agent decides by: names of folders, addresses, a tenant's configuration, and metrics of several."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from sidecar.loading.load import load_configuration
from sidecar.runtime.agent.merging import labelled, merged
from sidecar.runtime.agent.root import Root, passed_on
from sidecar.runtime.agent.rules import problems, wanted
from sidecar.runtime.agent.starting import Places, start_tenant
from sidecar.runtime.agent.wants import Wants, claims, decode, taken_by
from sidecar.runtime.agent.workloads import look

# Folders


def _tenant(folder: Path) -> None:
    folder.mkdir(parents=True)


def test_folders_are_tenants(tmp_path: Path) -> None:
    """Each folder by its name, through a mounted ConfigMap's links as well; Kubernetes' own names are none."""
    _tenant(tmp_path / "shop.orders")
    _tenant(tmp_path / "..2026_11_27" / "shop.baskets")
    (tmp_path / "..data").symlink_to("..2026_11_27")
    (tmp_path / "shop.baskets").symlink_to("..data/shop.baskets")
    found = look(tmp_path, 64)
    assert found.folders == {name: tmp_path / name for name in ("shop.baskets", "shop.orders")}
    assert found.refused == {}


def _link_out(root: Path) -> None:
    _tenant(root.parent / "bad")
    (root / "bad").symlink_to(root.parent / "bad")


def _link_beside(root: Path) -> None:
    (root / "bad").symlink_to("good")


def _link_into(root: Path) -> None:
    _tenant(root / "good" / "bad")
    (root / "bad").symlink_to("good/bad")


def _loop(root: Path) -> None:
    (root / "bad").symlink_to("bad")


def _file(root: Path) -> None:
    (root / "bad").write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "said", "others"),
    [
        (_link_out, "leads out of", {"good"}),
        (_link_beside, "is a link to 'good'", {"good"}),
        (_link_into, "is within the folder of 'good'", {"good"}),
        (_loop, "leads nowhere", {"good"}),
        (_file, "is no folder", {"good"}),
    ],
)
def test_folders_that_are_refused(tmp_path: Path, make: Callable[[Path], None], said: str, others: set[str]) -> None:
    """What is not a folder of its own, or is in another one's; and that other one is none the worse for it."""
    root = tmp_path / "tenants"
    _tenant(root / "good")
    make(root)
    found = look(root, 64)
    assert said in found.refused["bad"]
    assert set(found.folders) == others


@pytest.mark.parametrize("name", ["Shop", "shop_orders", "-shop", "shop-", "a" * 81, "sh op", "shop%s", 'shop"', "ü"])
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    """They stand in paths, labels and log lines as they are."""
    _tenant(tmp_path / name)
    assert "no tenant's name" in look(tmp_path, 64).refused[name]


def test_more_than_there_may_be(tmp_path: Path) -> None:
    """Those that are served already, then the first by name; a folder that cannot be read is not "no tenants"."""
    for number in range(5):
        _tenant(tmp_path / f"t{number}")
    found = look(tmp_path, 3)
    assert (set(found.folders), set(found.refused)) == ({"t0", "t1", "t2"}, {"t3", "t4"})
    assert set(look(tmp_path, 3, {"t1", "t4"}).folders) == {"t0", "t1", "t4"}
    with pytest.raises(OSError, match="No such file"):
        look(tmp_path / "away", 3)


def test_a_folder_that_cannot_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a tenant's that is served: refused it is, but not said to be gone."""
    _tenant(tmp_path / "good")
    _tenant(tmp_path / "bad")
    resolve = Path.resolve

    def faulty(path: Path, *, strict: bool = False) -> Path:
        if path.name == "bad":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return resolve(path, strict=strict)

    monkeypatch.setattr(Path, "resolve", faulty)
    found = look(tmp_path, 64)
    assert (set(found.folders), set(found.unseen)) == ({"good"}, {"bad"})
    assert "cannot be looked at" in found.refused["bad"]


def _socket_folder_of_another(tmp_path: Path) -> None:
    os.chown(tmp_path / "a.one", 65534, -1)


def _socket_folder_for_all(tmp_path: Path) -> None:
    (tmp_path / "a.one").chmod(0o777)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="gives a folder away")
@pytest.mark.parametrize("spoil", [_socket_folder_of_another, _socket_folder_for_all])
def test_a_socket_s_folder_in_which_others_write(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    """Whoever may write there could answer in the tenant's place: nothing is started."""
    (tmp_path / "a.one").mkdir()
    spoil(tmp_path)
    (tmp_path / "run").mkdir()
    places = Places(tmp_path, tmp_path, tmp_path / "run")
    with pytest.raises(PermissionError, match="others may write there"):
        start_tenant("a.one", tmp_path, places, takes_over=False)


def test_a_socket_s_folder_is_gone_through_and_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who could open it could hold its lock, and keep the tenant from ever starting again; an older folder as well."""
    monkeypatch.setattr(Root, "start", lambda *_: None)
    places = Places(tmp_path, tmp_path / "sockets", tmp_path / "run")
    for folder in (places.sockets, places.run, places.sockets / "a.old"):
        folder.mkdir()
    for name in ("a.new", "a.old"):
        start_tenant(name, tmp_path, places, takes_over=False)
        assert (places.sockets / name).stat().st_mode & 0o777 == 0o711
        assert (places.run / name).stat().st_mode & 0o777 == 0o700


# Addresses

_ADDRESSES = st.sampled_from(
    ["unix:/run/a/s", "unix:/run/b/s", "127.0.0.1:9443", "0.0.0.0:9443", "[::]:9443", "10.0.0.1:9444", "[::1]:9444"]
)


@given(st.lists(_ADDRESSES, min_size=1), st.floats(0, 3600), st.text(), st.booleans())
def test_wants_arrive(addresses: list[str], grace: float, shape: str, beats: bool) -> None:  # noqa: FBT001 - a value
    """What a tenant says is what the agent reads."""
    wants = Wants(tuple(addresses), shape, grace, beats)
    assert decode(wants.encode()) == wants


@given(
    st.binary(max_size=64)
    | st.builds(lambda value: json.dumps(value).encode(), st.dictionaries(st.text(), st.integers()))
)
def test_no_message(data: bytes) -> None:
    """Nothing but such a message is taken for one."""
    with pytest.raises(ValueError, match=r"."):
        decode(data)


@pytest.mark.parametrize("addresses", [["127.0.0.1:0"], ["nowhere"], [], [5], "unix:/a/b", None])
def test_addresses_that_are_none(addresses: object) -> None:
    """A port that nobody knows could be anybody's."""
    with pytest.raises(ValueError, match=r"."):
        decode(json.dumps({"addresses": addresses, "shape": "", "grace": 1, "beats": False}).encode())


@given(st.lists(_ADDRESSES, min_size=1), st.lists(_ADDRESSES, min_size=1))
def test_no_address_twice(mine: list[str], other: list[str]) -> None:
    """Who wants a port or path of another's is told whose it is: on whatever address of the machine, and either way."""
    found = taken_by(mine, {"other": other})
    assert (found is None) == claims(mine).isdisjoint(claims(other)) == (taken_by(other, {"mine": mine}) is None)
    ports = [{one.rpartition(":")[2] for one in addresses} for addresses in (mine, other)]
    assert (found is not None) == bool(ports[0] & ports[1])


# A tenant's configuration

_ISSUERS = 'issuers: [{issuer: "https://idp.example", audiences: [a], keys: {file: jwks.json}}]\n'
_TLS = "tls: {certificate_file: a, key_file: b, client_ca_file: c, client_names: [edge.example]}\n"
_PEERS = "native: {allowed_peers: {users: [101]}}\n"
_ONE = "enable_multiprocessing: false\n"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (f"listen: unix:/run/authz/shop.orders/authz.sock\n{_PEERS}{_ONE}", []),
        (f"listen: unix:/run/authz/shop.orders/authz.sock\n{_PEERS}servers: 2\n", []),
        (f"listen: 0.0.0.0:9443\n{_TLS}{_ONE}", []),
        (f"listen: 0.0.0.0:9443\n{_TLS}listen_mode: shared\n", []),
        (f"listen: unix:/run/authz/shop.orders/authz.sock\n{_ONE}", ["native"]),
        (f"listen: unix:/run/authz/shop.orders/authz.sock\n{_PEERS}", ["servers"]),
        (f"listen: unix:/run/authz/shop.baskets/authz.sock\n{_PEERS}{_ONE}", ["listen"]),
        (f"listen: unix:/run/authz/shop.orders/../shop.baskets/authz.sock\n{_PEERS}{_ONE}", ["listen"]),
        (f"listen: unix:/run/authz/shop.orders/./authz.sock\n{_PEERS}{_ONE}", ["listen"]),
        (f"listen: unix:/run/authz/shop.orders/more/authz.sock\n{_PEERS}{_ONE}", ["listen"]),
        (f"listen: unix:@authz\n{_PEERS}{_ONE}", ["listen"]),
        (f"listen: 127.0.0.1:9191\n{_ONE}", ["listen"]),
        (f"listen: 0.0.0.0:9443\n{_TLS.replace(', client_names: [edge.example]', '')}{_ONE}", ["listen"]),
        (f"listen: 0.0.0.0:0\n{_TLS}{_ONE}", ["listen"]),
        (f"listen: 0.0.0.0:9443\n{_TLS}{_ONE}cpu_affinity_enabled: true\n", ["cpu_affinity_enabled"]),
        (f"listen: 0.0.0.0:9443\n{_TLS}{_ONE}forward_auth: {{listen: 'unix:/a', proxy: nginx}}\n", ["forward_auth"]),
    ],
)
def test_who_may_ask_is_said(tmp_path: Path, text: str, fields: list[str]) -> None:
    """A socket in its own folder and users, or TLS and names; and how many processes it takes."""
    config = tmp_path / "authz.yaml"
    config.write_text(_ISSUERS + text, encoding="utf-8")
    settings = load_configuration(config, {}).settings
    found = [field for (field, *_), _ in problems(settings, Path("/run/authz/shop.orders"))]
    assert found == fields
    if not found:
        assert len(wanted(settings)) == (2 if settings.servers == 2 else 1)


def test_environment_is_not_passed_on() -> None:
    """Neither secrets that are in the agent's, nor settings: they would be every tenant's."""
    given = {"PATH": "/bin", "AUTHZ_LISTEN": "127.0.0.1:1", "CLIENT_SECRET": "x", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert passed_on(given) == {"PATH": "/bin", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert "AUTHZ_CONFIG" not in passed_on({**os.environ, "AUTHZ_CONFIG": "x"})


# Metrics


def _text(value: int) -> str:
    return (
        "# HELP authz_checks_total Checks.\n# TYPE authz_checks_total counter\n"
        f'authz_checks_total{{reason="a,b}}\\"",policy=""}} {value}.0\nauthz_checks_total{{reason="x"}} 1.0\n'
        f"# HELP authz_up Up.\n# TYPE authz_up gauge\nauthz_up {value}.0\n"
        "# HELP authz_seconds Time.\n# TYPE authz_seconds histogram\n"
        f'authz_seconds_bucket{{le="+Inf"}} {value}.0\nauthz_seconds_count {value}.0\nauthz_seconds_sum {value}.5\n'
    )


def test_metrics_of_all() -> None:
    """Each family once, with the samples of all tenants, as they were but for the label; a parser of others' agrees."""
    texts = {"a.one": _text(3), "a.two": _text(4) + "garbage {\n\n"}
    found = list(text_string_to_metric_families("\n".join(merged(texts)) + "\n"))
    assert [family.name for family in found] == ["authz_checks", "authz_up", "authz_seconds"]
    for tenant, text in texts.items():
        alone = [
            (one.name, one.labels, one.value)
            for family in text_string_to_metric_families(text.replace("garbage {\n", ""))
            for one in family.samples
        ]
        ours = [
            (one.name, {name: value for name, value in one.labels.items() if name != "tenant"}, one.value)
            for family in found
            for one in family.samples
            if one.labels["tenant"] == tenant
        ]
        assert ours == alone


def test_labels_with_odd_line_ends() -> None:
    """A family's name or a sample that a label's value seems to have on a line of its own stays within that value."""
    text = 'authz_a{x="1\u2028authz_b 5\u2028# TYPE authz_c gauge\x0b"} 1\n'
    assert list(merged({"a.one": text})) == [text.rstrip("\n").replace("{", '{tenant="a.one",')]


@given(st.text())
def test_lines_that_are_no_samples(line: str) -> None:
    """Whatever a line is, what comes of it is one line with the label, or nothing."""
    found = labelled(line, "a.one")
    assert found is None or ('{tenant="a.one"' in found and "\n" not in found)
