"""Keys that are fetched, with all processes: from a provider over HTTPS to every server."""

import signal
import time
from functools import partial
from pathlib import Path

import pytest

from support import faults
from support.certificates import Authority
from support.processes import eventually
from support.provider import JWKS, WELL_KNOWN
from support.remote import configuration, remote_sidecar, running_issuer
from support.sidecars import Sidecar

_MODES = pytest.mark.parametrize("mode", ["true", "false"])


def _environment(mode: str) -> dict[str, str]:
    return {"AUTHZ_ENABLE_MULTIPROCESSING": mode}


def _page(sidecar: Sidecar) -> str:
    try:
        return sidecar.get("/readyz?verbose")[1]
    except OSError:
        return ""


def _reasons(sidecar: Sidecar, token: str) -> set[str]:
    return {sidecar.check(address, token).reason for address in sidecar.addresses}


@_MODES
def test_keys_come_and_go(short_folder: Path, mode: str) -> None:
    """Keys are fetched at the start, a new one when a token names it, and one that is gone is gone everywhere."""
    with running_issuer(short_folder / "idp", "first") as issuer:
        settings = issuer.settings(refetch_min_interval_seconds=0.2, refetch_wait_seconds=20)
        with remote_sidecar(short_folder, settings, environment=_environment(mode)) as sidecar:
            assert eventually(sidecar.is_ready), sidecar.printed()
            first, second = (issuer.token(sidecar, name) for name in ("first", "second"))
            assert _reasons(sidecar, first) == {"allowed"}
            assert sidecar.check(sidecar.addresses[0], second).reason == "unknown_key"
            issuer.publish("first", "second")
            assert eventually(lambda: _reasons(sidecar, second) == {"allowed"})
            assert _reasons(sidecar, first) == {"allowed"}
            issuer.publish("second", "third")
            assert eventually(lambda: _reasons(sidecar, issuer.token(sidecar, "third")) == {"allowed"})
            assert _reasons(sidecar, first) == {"unknown_key"}


@_MODES
def test_first_check_waits_for_the_first_keys(short_folder: Path, mode: str) -> None:
    """A token that comes before its issuer's keys do waits for them; an issuer without any is not the token's fault."""
    with running_issuer(short_folder / "idp", "first") as issuer:
        issuer.provider.faults[WELL_KNOWN] = faults.answers(b"", "503 Service Unavailable")
        settings = issuer.settings(refetch_min_interval_seconds=0.1)
        with remote_sidecar(short_folder, settings, environment=_environment(mode)) as sidecar:
            answer = sidecar.check(sidecar.addresses[0], issuer.token(sidecar, "first"))
            assert (answer.status, answer.reason) == (503, "keys_unavailable")
            assert eventually(lambda: "not fetched yet" in _page(sidecar))
            issuer.provider.faults.clear()
            assert eventually(lambda: _reasons(sidecar, issuer.token(sidecar, "first")) == {"allowed"})


def test_one_bad_issuer_harms_no_other(short_folder: Path) -> None:
    """An issuer that hangs keeps nobody from starting, and no other one's keys from coming and changing."""
    with (
        running_issuer(short_folder / "good", "a") as good,
        running_issuer(short_folder / "bad", "b") as bad,
    ):
        bad.provider.faults[""] = faults.stall
        entries = good.settings(refetch_min_interval_seconds=0.1, refetch_wait_seconds=20), bad.settings()
        with remote_sidecar(short_folder, *entries) as sidecar:
            assert eventually(sidecar.is_ready)
            assert _reasons(sidecar, good.token(sidecar, "a")) == {"allowed"}
            good.publish("c")
            assert eventually(lambda: _reasons(sidecar, good.token(sidecar, "c")) == {"allowed"})
            assert _reasons(sidecar, bad.token(sidecar, "b")) == {"keys_unavailable"}
            assert "keys of https://localhost" in _page(sidecar)


def test_required_issuer_is_waited_for(short_folder: Path) -> None:
    """With required_at_start nobody is sent here until that issuer's keys were there; after that, whatever happens."""
    with running_issuer(short_folder / "good", "a") as good, running_issuer(short_folder / "late", "b") as late:
        late.provider.faults[""] = faults.hang_up
        with remote_sidecar(short_folder, good.settings(), late.settings(required_at_start=True)) as sidecar:
            assert eventually(lambda: f"keys of {late.provider.issuer} failed" in _page(sidecar))
            assert _reasons(sidecar, good.token(sidecar, "a")) == {"allowed"}
            late.provider.faults.clear()
            assert eventually(sidecar.is_ready)


def test_control_is_killed(short_folder: Path) -> None:
    """Whoever takes the place of control goes on with the newest keys, also where the issuer is away by then."""
    with running_issuer(short_folder / "idp", "first") as issuer:
        settings = issuer.settings(refetch_min_interval_seconds=0.1, refetch_wait_seconds=20)
        with remote_sidecar(short_folder, settings) as sidecar:
            assert eventually(sidecar.is_ready)
            issuer.publish("second")
            second = issuer.token(sidecar, "second")
            assert eventually(lambda: _reasons(sidecar, second) == {"allowed"})
            issuer.provider.faults[""] = faults.hang_up
            asked = len(issuer.provider.requests)
            sidecar.kill("control")
            # The new one looks at once, in vain, and so is there.
            assert eventually(lambda: len(issuer.provider.requests) > asked)
            assert eventually(sidecar.is_ready)
            sidecar.kill("server-0")
            assert eventually(sidecar.is_ready)
            assert _reasons(sidecar, second) == {"allowed"}
            assert _reasons(sidecar, issuer.token(sidecar, "first")) == {"unknown_key"}
            issuer.provider.faults.clear()
            issuer.publish("third")
            assert eventually(lambda: _reasons(sidecar, issuer.token(sidecar, "third")) == {"allowed"})
            assert _reasons(sidecar, second) == {"unknown_key"}


@_MODES
def test_keys_change_while_the_configuration_is_wrong(short_folder: Path, mode: str) -> None:
    """A configuration file that somebody broke does not keep new keys from being taken."""
    with running_issuer(short_folder / "idp", "first") as issuer:
        settings = issuer.settings(refetch_min_interval_seconds=0.1, refetch_wait_seconds=20)
        with remote_sidecar(short_folder, settings, environment=_environment(mode)) as sidecar:
            assert eventually(sidecar.is_ready)
            sidecar.workspace.config.write_text("issuers: [", encoding="utf-8")
            sidecar.process.signal(signal.SIGHUP)
            assert eventually(lambda: "configuration refused" in sidecar.printed())
            issuer.publish("second")
            assert eventually(lambda: _reasons(sidecar, issuer.token(sidecar, "second")) == {"allowed"})


def test_reload_keeps_fetched_keys(short_folder: Path) -> None:
    """A new configuration with the same issuer goes on with its keys, though the issuer is away; a new one is asked."""
    with (
        running_issuer(short_folder / "a", "a") as one,
        running_issuer(short_folder / "b", "b") as two,
        remote_sidecar(short_folder, one.settings()) as sidecar,
    ):
        assert eventually(sidecar.is_ready)
        assert _reasons(sidecar, one.token(sidecar, "a")) == {"allowed"}
        one.provider.faults[""] = faults.hang_up
        text = configuration(one.settings(timeout_seconds=5.0), two.settings())
        text = text.replace("{listen}", sidecar.workspace.socket)
        sidecar.workspace.config.write_text(text, encoding="utf-8")
        sidecar.process.signal(signal.SIGHUP)
        assert eventually(lambda: "new configuration in force" in sidecar.printed()), sidecar.printed()
        assert _reasons(sidecar, one.token(sidecar, "a")) == {"allowed"}
        # Its keys came before the configuration did.
        assert _reasons(sidecar, two.token(sidecar, "b")) == {"allowed"}


def test_made_up_keys_buy_no_fetches(short_folder: Path) -> None:
    """However many keys are made up, the issuer is asked once in an interval, by all processes together."""
    with (
        running_issuer(short_folder / "idp", "first") as issuer,
        remote_sidecar(short_folder, issuer.settings(refetch_min_interval_seconds=3600)) as sidecar,
    ):
        assert eventually(sidecar.is_ready)
        asked = issuer.provider.asked(JWKS)
        for number in range(30):
            token = issuer.token(sidecar, f"made-up-{number}")
            assert _reasons(sidecar, token) <= {"unknown_key", "overloaded"}
        assert issuer.provider.asked(JWKS) == asked == 1
        assert _reasons(sidecar, issuer.token(sidecar, "first")) <= {"allowed", "overloaded"}


def test_keys_that_cannot_be_confirmed_end(short_folder: Path) -> None:
    """After max_stale_seconds without an answer no token of the issuer passes, remembered or not."""
    with running_issuer(short_folder / "idp", "first") as issuer:
        fetch = {"min_refresh_seconds": 1, "max_refresh_seconds": 1.0, "max_stale_seconds": 2.0}
        with remote_sidecar(short_folder, issuer.settings(**fetch)) as sidecar:
            assert eventually(sidecar.is_ready)
            token = issuer.token(sidecar, "first")
            assert _reasons(sidecar, token) == {"allowed"}
            issuer.provider.faults[""] = faults.answers(b"oops", "500 Internal Server Error")
            assert eventually(partial(_is_gone, sidecar, token))
            # Control looks every few seconds; the servers did not wait for that.
            assert eventually(lambda: "not confirmed for too long" in _page(sidecar))


def test_authorities_that_are_exchanged(short_folder: Path) -> None:
    """With another content of ``ca_file`` keys are fetched anew, long before they would be; old ones pass till then."""
    with (
        running_issuer(short_folder / "idp", "first") as issuer,
        remote_sidecar(short_folder, issuer.settings()) as sidecar,
    ):
        assert eventually(sidecar.is_ready)
        token = issuer.token(sidecar, "first")
        assert _reasons(sidecar, token) == {"allowed"}
        authority = issuer.provider.authority
        assert authority is not None
        good = Path(authority.file).read_bytes()
        Path(authority.file).write_bytes(Path(Authority(short_folder, "other").file).read_bytes())
        assert eventually(lambda: "certificate verify failed" in _page(sidecar))
        assert _reasons(sidecar, token) == {"allowed"}
        issuer.publish("second")
        Path(authority.file).write_bytes(good)
        assert eventually(lambda: _reasons(sidecar, token) == {"unknown_key"})
        assert _reasons(sidecar, issuer.token(sidecar, "second")) == {"allowed"}


def test_servers_drop_stale_keys_by_themselves(short_folder: Path) -> None:
    """Where control does nothing any more, nor anybody replaces it, keys end all the same; they come back with it."""
    with running_issuer(short_folder / "idp", "first") as issuer:
        fetch = {"min_refresh_seconds": 1, "max_refresh_seconds": 1.0, "max_stale_seconds": 3.0}
        with remote_sidecar(short_folder, issuer.settings(**fetch)) as sidecar:
            assert eventually(sidecar.is_ready)
            token = issuer.token(sidecar, "first")
            assert _reasons(sidecar, token) == {"allowed"}
            sidecar.process.signal(signal.SIGSTOP)
            sidecar.kill("control", signal.SIGSTOP)
            try:
                assert eventually(partial(_is_gone, sidecar, token))
            finally:
                sidecar.kill("control", signal.SIGCONT)
                sidecar.process.signal(signal.SIGCONT)
            assert eventually(lambda: _reasons(sidecar, token) == {"allowed"})


@_MODES
def test_keys_that_are_confirmed_stay(short_folder: Path, mode: str) -> None:
    """The same keys, confirmed again and again, count for longer than ``max_stale_seconds`` after they first came."""
    with running_issuer(short_folder / "idp", "first") as issuer:
        fetch = {"min_refresh_seconds": 1, "max_refresh_seconds": 1.0, "max_stale_seconds": 3.0}
        settings = issuer.settings(**fetch)
        with remote_sidecar(short_folder, settings, environment=_environment(mode)) as sidecar:
            assert eventually(sidecar.is_ready)
            assert eventually(lambda: issuer.provider.asked(JWKS) > 6)
            assert eventually(lambda: _reasons(sidecar, issuer.token(sidecar, "first")) == {"allowed"})


def _is_gone(sidecar: Sidecar, token: str) -> bool:
    reasons = _reasons(sidecar, token)
    assert reasons <= {"allowed", "keys_unavailable"}
    return reasons == {"keys_unavailable"}


@_MODES
def test_metrics_of_keys(short_folder: Path, mode: str) -> None:
    """Which keys there are, how they changed, and how fetching them goes, is in the metrics and the log."""
    with running_issuer(short_folder / "idp", "first") as issuer:
        settings = issuer.settings(refetch_min_interval_seconds=0.1, refetch_wait_seconds=20)
        with remote_sidecar(short_folder, settings, environment=_environment(mode)) as sidecar:
            assert eventually(sidecar.is_ready)
            issuer.publish("second")
            assert eventually(lambda: _reasons(sidecar, issuer.token(sidecar, "second")) == {"allowed"})
            label = f'issuer="{issuer.provider.issuer}"'
            metrics = sidecar.get("/metrics")[1]
            assert f'authz_key_info{{{label},kid="second"}} 1.0' in metrics
            assert 'kid="first"' not in metrics
            assert sidecar.metric(f"authz_keys{{{label}}}") == 1
            assert sidecar.metric(f'authz_key_changes_total{{change="added",{label}}}') == 2
            assert sidecar.metric(f'authz_key_changes_total{{change="removed",{label}}}') == 1
            assert sidecar.metric(f'authz_key_fetches_total{{{label},result="replaced"}}') == 2
            assert sidecar.metric(f"authz_key_server_certificate_expiry_timestamp_seconds{{{label}}}") > 1e9
            assert sidecar.metric(f'authz_key_since_timestamp_seconds{{{label},kid="second"}}') > 1e9
            assert f"authz_key_set_age_seconds{{{label}}}" in metrics
            assert f"{issuer.provider.issuer}: key 'first' removed" in sidecar.printed()


@_MODES
def test_when_a_key_was_used_last(short_folder: Path, mode: str) -> None:
    """It is told of each key for which good tokens come, also where they come from the server's own memory."""
    with (
        running_issuer(short_folder / "idp", "one", "two") as issuer,
        remote_sidecar(short_folder, issuer.settings(), environment=_environment(mode)) as sidecar,
    ):
        assert eventually(sidecar.is_ready)
        token = issuer.token(sidecar, "one")
        name = f'authz_key_last_used_timestamp_seconds{{issuer="{issuer.provider.issuer}",kid="one"}}'
        assert _reasons(sidecar, token) == {"allowed"}
        assert eventually(lambda: name in sidecar.get("/metrics")[1])
        first = sidecar.metric(name)
        assert eventually(lambda: _reasons(sidecar, token) == {"allowed"} and sidecar.metric(name) > first)
        assert time.time() - 60 < first < time.time()
        forged = f"{issuer.token(sidecar, 'two')[:-20]}{'A' * 20}"
        assert _reasons(sidecar, forged) == {"bad_signature"}
        again = sidecar.metric(name)
        assert eventually(lambda: _reasons(sidecar, token) == {"allowed"} and sidecar.metric(name) > again)
        assert name.replace('"one"', '"two"') not in sidecar.get("/metrics")[1]
