"""The policy bundle, with all processes: from a server over HTTPS to every check."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sidecar.core import base64url
from sidecar.core.strict_json import Json
from sidecar.keys.signing import generate, key_set_document
from support import faults
from support.bundles import NAME, PATH, Publisher, allow, running_publisher
from support.certificates import Authority
from support.processes import eventually
from support.requests import with_token
from support.sidecars import CONFIGURATION, Sidecar, running_sidecar
from support.tokens import mint

_MODES = pytest.mark.parametrize("mode", ["true", "false"])
#: What the configuration has itself.
_OWN = CONFIGURATION.replace(
    "policies: [{name: all, action: allow, rules: [{}]}]",
    "policies: [{name: own, action: allow, rules: [{to: [{operation: {paths: [/own, /both]}}]}]}]",
)


def _list(policies: Mapping[str, Json]) -> list[Json]:
    found = policies["policies"]
    assert isinstance(found, list)
    return found


_DENY: dict[str, Json] = {
    "policies": [*_list(allow("/bundled", "/new")), *_list(allow("/both", name="closed", action="deny"))],
    "public": [{"paths": ["/public"]}],
}


@pytest.fixture
def publisher(short_folder: Path) -> Iterator[Publisher]:
    """Run a server that has no bundle yet."""
    with running_publisher(short_folder / "bundles") as one:
        yield one


@dataclass
class Asked:
    """A sidecar, and what each of its servers says of a path."""

    sidecar: Sidecar

    def reasons(self, path: str) -> set[str]:
        """Ask all of them, with a good token."""
        raw = with_token(self.sidecar.workspace.token(), path=path)
        return {self.sidecar.check_raw(address, raw).reason for address in self.sidecar.addresses}

    def becomes(self, path: str, reason: str) -> bool:
        """Say whether all come to say so."""
        return eventually(lambda: self.reasons(path) == {reason})

    def page(self) -> str:
        """Return what /readyz says."""
        try:
            return self.sidecar.get("/readyz?verbose")[1]
        except OSError:
            return ""

    def says(self, text: str) -> bool:
        """Say whether /readyz comes to say so."""
        return eventually(lambda: text in self.page())


def _environment(mode: str) -> dict[str, str]:
    return {"AUTHZ_ENABLE_MULTIPROCESSING": mode}


def _in_force(publisher: Publisher, asked: Asked, version: int = 1) -> None:
    publisher.publish(version, _DENY)
    assert asked.becomes("/bundled", "allowed"), asked.sidecar.printed()


@_MODES
def test_the_whole_life(short_folder: Path, publisher: Publisher, mode: str) -> None:
    """Nothing is allowed before it is there; then what it says holds beside our own; a newer one takes its place."""
    with running_sidecar(short_folder, publisher.added_to(_OWN), _environment(mode)) as sidecar:
        asked = Asked(sidecar)
        assert asked.says(f"[-]policy bundle {NAME} failed: not fetched yet")
        assert asked.reasons("/own") == asked.reasons("/bundled") == {"policies_unavailable"}
        assert sidecar.metric(f'authz_policy_bundle_in_force{{bundle="{NAME}"}}') == 0
        _in_force(publisher, asked)
        assert asked.says(f"[+]policy bundle {NAME} ok: version 1\n")
        assert eventually(sidecar.is_ready)
        assert asked.reasons("/own") == {"allowed"}
        assert asked.reasons("/both") == {"denied_by_policy"}
        assert asked.reasons("/public") == {"public_path"}
        assert asked.reasons("/other") == {"no_policy_allows"}
        assert sidecar.metric(f'authz_policy_bundle_version{{bundle="{NAME}"}}') == 1
        publisher.publish(2, allow("/new"))
        assert asked.becomes("/bundled", "no_policy_allows")
        assert asked.reasons("/both") == asked.reasons("/new") == {"allowed"}
        assert sidecar.metric(f'authz_policy_bundle_version{{bundle="{NAME}"}}') == 2
        asked_before = publisher.asked
        assert eventually(lambda: publisher.asked > asked_before + 1)
        assert publisher.provider.requests[-1].headers["if-none-match"]
        assert eventually(lambda: sidecar.metric(_results("same")) > 0)
        assert sidecar.metric(_results("replaced")) == 2
        # Its own, and two bundles; that the last one is confirmed again and again makes no more of them.
        assert eventually(lambda: sidecar.metric("authz_trust_generation") == 3)
        confirmed = sidecar.metric(_results("same"))
        assert eventually(lambda: sidecar.metric(_results("same")) > confirmed + 1)
        assert sidecar.metric("authz_trust_generation") == 3
        assert f"policy bundle {NAME}, version 2, in force" in sidecar.printed()


def _results(result: str) -> str:
    return f'authz_policy_bundle_fetches_total{{bundle="{NAME}",result="{result}"}}'


def _policies(**fields: Any) -> dict[str, Json]:  # noqa: ANN401 - a policy's
    return {"policies": [{"name": "a", "action": "allow", "rules": [{}], **fields}]}


_WIDE = allow("/wide")
#: What is published after version 2, and why it is not taken.
_OFFERS: dict[str, tuple[Callable[[Publisher], object], str]] = {
    "older": (lambda one: one.publish(1, _WIDE), "has version 1, which is older than 2"),
    "same number": (lambda one: one.publish(2, _WIDE), "has version 2, and another content than that had before"),
    "wrong key": (lambda one: one.publish(3, _WIDE, generate("signer")), "has a signature that does not match"),
    "unknown key": (lambda one: one.publish(3, _WIDE, generate("b")), "none of those that are believed"),
    "other bundle": (lambda one: one.publish(3, _WIDE, bundle="payments"), "is called 'payments'"),
    "expired": (lambda one: one.publish(3, _WIDE, issued_at=1, expires_at=2), "expired"),
    "token": (lambda one: one.serve(mint().encode()), "another type"),
    "unsigned": (lambda one: one.serve(_unsigned(one.publish(3, _WIDE))), "algorithm_not_allowed"),
    "name taken": (lambda one: one.publish(3, allow("/wide", name="own")), "'own' is used twice"),
    "no policy": (lambda one: one.publish(3, _policies(action="")), "policies[0].action"),
    "other member": (lambda one: one.publish(3, {**_WIDE, "listen": []}), "listen: does not stand in a bundle"),
    "cel": (lambda one: one.publish(3, _policies(rules=[{"when": [{"cel": "x == 1"}]}])), "rules[0].when[0].cel"),
    "garbage": (lambda one: one.serve(b"\xff" * 1000), "is no compact JWS"),
}


def _unsigned(compact: bytes) -> bytes:
    header = base64url.encode(b'{"alg":"none","kid":"signer","typ":"policy-bundle+jws"}')
    return b".".join((header, compact.split(b".")[1], b""))


@pytest.mark.parametrize("offered", _OFFERS)
def test_what_is_not_taken(short_folder: Path, publisher: Publisher, offered: str) -> None:
    """Is refused with the reason, and all that was in force stays so, and is told not to be confirmed."""
    offer, why = _OFFERS[offered]
    with running_sidecar(short_folder, publisher.added_to(_OWN)) as sidecar:
        asked = Asked(sidecar)
        _in_force(publisher, asked, 2)
        offer(publisher)
        assert eventually(lambda: why in sidecar.printed()), sidecar.printed()
        assert asked.says("failure(s) in a row")
        assert eventually(sidecar.is_ready)
        assert asked.reasons("/bundled") == {"allowed"}
        assert asked.reasons("/wide") == {"no_policy_allows"}
        publisher.publish(4, _WIDE)
        assert asked.becomes("/wide", "allowed")


_FAULTS = {
    "timeout": (faults.stall, "timeout"),
    "500": (faults.answers(b"", "500 Internal Server Error"), "status"),
    "truncated": (faults.truncate, "unreachable"),
    "hang up": (faults.hang_up, "unreachable"),
    "50 MB": (faults.huge_chunked, "too_large"),
    "50 MB announced": (faults.huge_announced, "too_large"),
    "50 MB compressed": (faults.gzip_bomb, "encoded"),
    "redirect": (faults.redirect("https://evil.example/"), "redirect"),
    "drip": (faults.drip, "timeout"),
    "headers without end": (faults.huge_headers, "unreachable"),
}


def test_a_server_at_fault(short_folder: Path, publisher: Publisher) -> None:
    """Whatever it does, the last good one stays in force, and the next good one is taken."""
    text = publisher.added_to(_OWN, timeout_seconds=0.5)
    with running_sidecar(short_folder, text) as sidecar:
        asked = Asked(sidecar)
        for version, (fault, result) in enumerate(_FAULTS.values(), 1):
            publisher.publish(version, allow("/bundled", f"/{version}"))
            assert asked.becomes(f"/{version}", "allowed"), sidecar.printed()
            publisher.serve(b"another")  # no ETag's: a 304 would be right
            before = sidecar.metric(_results(result))
            publisher.provider.faults[PATH] = fault
            assert eventually(lambda: sidecar.metric(_results(result)) > before), (result, sidecar.printed())  # noqa: B023 - at once
            assert asked.reasons("/bundled") == {"allowed"}
            publisher.provider.faults.clear()


def test_another_authority(short_folder: Path, publisher: Publisher) -> None:
    """A server whose certificate is not of our CAs is not listened to, whatever it has."""
    (short_folder / "other").mkdir()
    other = Authority(short_folder / "other", "other-ca")
    publisher.publish(1, _DENY)
    with running_sidecar(short_folder, publisher.added_to(_OWN, ca_file=str(other.file))) as sidecar:
        asked = Asked(sidecar)
        assert asked.says("CERTIFICATE_VERIFY_FAILED")
        assert sidecar.metric(_results("tls")) > 0
        assert asked.reasons("/bundled") == {"policies_unavailable"}
        assert not sidecar.is_ready()


@_MODES
def test_out_of_force(short_folder: Path, publisher: Publisher, mode: str) -> None:
    """Not confirmed for too long: what it allows is denied, what it denies still is, and our own policies hold."""
    text = publisher.added_to(_OWN, max_stale_seconds=2.0)
    with running_sidecar(short_folder, text, _environment(mode)) as sidecar:
        asked = Asked(sidecar)
        _in_force(publisher, asked)
        publisher.provider.faults[PATH] = faults.hang_up
        assert asked.becomes("/bundled", "policies_unavailable")
        assert asked.reasons("/own") == {"allowed"}
        assert asked.reasons("/both") == {"denied_by_policy"}
        assert asked.reasons("/public") == {"policies_unavailable"}
        assert asked.says(f"[-]policy bundle {NAME} failed: version 1 is out of force")
        publisher.provider.faults.clear()
        assert asked.becomes("/bundled", "allowed")
        assert eventually(sidecar.is_ready)


def test_expires(short_folder: Path, publisher: Publisher) -> None:
    """One that expires is out of force by then, though its server goes on to confirm it."""
    with running_sidecar(short_folder, publisher.added_to(_OWN, required_at_start=False)) as sidecar:
        asked = Asked(sidecar)
        publisher.publish(1, _DENY, expires_at=int(time.time()) + 6)
        assert asked.becomes("/bundled", "allowed")
        assert asked.becomes("/bundled", "policies_unavailable")
        assert asked.says("expired")
        assert sidecar.is_ready()
        publisher.publish(2, _DENY)
        assert asked.becomes("/bundled", "allowed")


def test_control_dies(short_folder: Path, publisher: Publisher) -> None:
    """Servers see by themselves that a bundle is out of force; who takes control's place takes no older one."""
    with running_sidecar(short_folder, publisher.added_to(_OWN, max_stale_seconds=3.0)) as sidecar:
        asked = Asked(sidecar)
        _in_force(publisher, asked, 5)
        publisher.publish(4, allow("/wide"))
        sidecar.kill("control")
        assert eventually(lambda: "older than 5" in sidecar.printed())
        assert asked.becomes("/bundled", "policies_unavailable")
        sidecar.kill("server-0")
        assert eventually(lambda: len(sidecar.addresses) == 2)
        assert asked.becomes("/bundled", "policies_unavailable")
        assert asked.reasons("/wide") == {"policies_unavailable"}
        publisher.publish(6, _DENY)
        assert asked.becomes("/bundled", "allowed")


def test_control_takes_over_without_keys(short_folder: Path, publisher: Publisher) -> None:
    """While nobody can read the keys, what is in force stays so: nothing is held against keys that are not there."""
    file = short_folder / "signers.json"
    file.write_text(key_set_document([publisher.key]), encoding="utf-8")
    settings = publisher.settings(keys_file="signers.json")
    del settings["public_keys"]
    with running_sidecar(short_folder, f"{_OWN}policy_bundle: {json.dumps(settings)}\n") as sidecar:
        asked = Asked(sidecar)
        _in_force(publisher, asked)
        good = file.read_text(encoding="utf-8")
        file.write_text(good[:20], encoding="utf-8")
        sidecar.kill("control")
        assert eventually(lambda: "has nobody whose signature is believed" in asked.page())
        assert asked.reasons("/bundled") == {"allowed"}
        file.write_text(good, encoding="utf-8")
        publisher.publish(2, allow("/two"))
        assert asked.becomes("/two", "allowed")


def test_keys_change(short_folder: Path, publisher: Publisher) -> None:
    """A key that is taken out of the file takes its bundle out of force; the next one's is taken."""
    second, file = generate("second"), short_folder / "signers.json"
    file.write_text(key_set_document([publisher.key]), encoding="utf-8")
    settings = publisher.settings(keys_file="signers.json")
    del settings["public_keys"]
    with running_sidecar(short_folder, f"{_OWN}policy_bundle: {json.dumps(settings)}\n") as sidecar:
        asked = Asked(sidecar)
        _in_force(publisher, asked)
        publisher.publish(2, allow("/two"), second)
        assert eventually(lambda: "'second', which is none" in sidecar.printed())
        assert asked.reasons("/bundled") == {"allowed"}
        file.write_text("{", encoding="utf-8")
        assert eventually(lambda: "the keys that were read last stay" in sidecar.printed())
        assert asked.reasons("/bundled") == {"allowed"}
        file.write_text(key_set_document([second]), encoding="utf-8")
        assert asked.becomes("/two", "allowed")
        assert asked.reasons("/bundled") == {"no_policy_allows"}
        file.write_text(key_set_document([generate("third")]), encoding="utf-8")
        assert asked.becomes("/two", "policies_unavailable")
        assert asked.says("is out of force")


def test_files_and_bundle_change(short_folder: Path, publisher: Publisher) -> None:
    """Either is held against the other; what is wrong with the files keeps no new bundle out."""
    text = publisher.added_to(_OWN)
    with running_sidecar(short_folder, text) as sidecar:
        asked, config = Asked(sidecar), sidecar.workspace.config
        good = config.read_text(encoding="utf-8")
        _in_force(publisher, asked)
        config.write_text(good.replace("name: own", "name: bundled"), encoding="utf-8")
        assert eventually(lambda: "'bundled' is used twice" in sidecar.printed())
        assert asked.reasons("/own") == asked.reasons("/bundled") == {"allowed"}
        publisher.publish(2, allow("/new"))
        assert asked.becomes("/new", "allowed")
        config.write_text(good.replace("/own", "/ours"), encoding="utf-8")
        assert asked.becomes("/ours", "allowed")
        assert asked.reasons("/new") == {"allowed"}
        publisher.publish(3, allow("/new", name="other"))
        config.write_text(good.replace("name: own", "name: bundled"), encoding="utf-8")
        assert asked.becomes("/own", "allowed")
        assert asked.becomes("/new", "allowed")


def test_a_header_that_the_bundle_looks_at(short_folder: Path, publisher: Publisher) -> None:
    """Conditions of a bundle work as those of the configuration."""
    rules = [{"when": [{"cel": "request.headers['x-team'] == 'a'"}]}]
    with running_sidecar(short_folder, publisher.added_to(_OWN)) as sidecar:
        asked = Asked(sidecar)
        publisher.publish(1, _policies(name="team", rules=rules))
        assert asked.becomes("/own", "allowed")
        raw = with_token(sidecar.workspace.token(), path="/x", headers={"x-team": "a"})
        assert {sidecar.check_raw(address, raw).reason for address in sidecar.addresses} == {"allowed"}
        assert asked.reasons("/x") == {"no_policy_allows"}


def test_a_bearer_token(short_folder: Path, publisher: Publisher) -> None:
    """It is sent along, and read anew."""
    (short_folder / "token").write_text("first\n", encoding="utf-8")
    with running_sidecar(short_folder, publisher.added_to(_OWN, bearer_token_file="token")) as sidecar:
        _in_force(publisher, Asked(sidecar))
        assert publisher.provider.requests[-1].headers["authorization"] == "Bearer first"
        (short_folder / "token").write_text("second\n", encoding="utf-8")
        assert eventually(lambda: publisher.provider.requests[-1].headers["authorization"] == "Bearer second")
        assert "first" not in sidecar.printed()
