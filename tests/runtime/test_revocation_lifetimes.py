"""A configuration under which tokens live longer: what is revoked stays so, from its first moment on."""

import time
from pathlib import Path

import pytest

from sidecar.demo.workspace import ISSUER
from support.processes import eventually
from support.revoking import Admin, configuration, reasons
from support.sidecars import Sidecar, running_sidecar

_SHORT = "max_lifetime_seconds: 3600"
_SHORTEST = "max_lifetime_seconds: 1\n    clock_skew_seconds: 0"


@pytest.mark.parametrize("line", ["max_lifetime_seconds: 400000", "clock_skew_seconds: 30"])
@pytest.mark.parametrize("mode", ["true", "false"])
def test_entries_last_longer(short_folder: Path, line: str, mode: str) -> None:
    """An entry that was posted, and stands nowhere else, still meets the longest token, or the limit is gone."""
    text = configuration(short_folder, "admin_api: true").replace(_SHORT, _SHORTEST)
    with running_sidecar(short_folder, text, {"AUTHZ_ENABLE_MULTIPROCESSING": mode}) as sidecar:
        assert eventually(sidecar.is_ready)
        admin, longest = Admin(short_folder), _longest(sidecar, jti="t-1")
        assert admin.post({"issuer": ISSUER, "jti": "t-1"})[0] == 201
        assert reasons(sidecar, longest) == {"lifetime_too_long"}
        time.sleep(3)  # it is over, and not erased
        config = sidecar.workspace.config
        config.write_text(config.read_text(encoding="utf-8").replace(_SHORTEST, line), encoding="utf-8")
        seen: set[str] = set()
        assert eventually(lambda: _are_now(sidecar, longest, "token_revoked", seen)), sidecar.printed()
        assert seen == {"lifetime_too_long", "token_revoked"}


def _longest(sidecar: Sidecar, jti: str = "t-0") -> str:
    return sidecar.workspace.token(exp=int(time.time()) + 300_000, jti=jti)


def _are_now(sidecar: Sidecar, token: str, reason: str, seen: set[str]) -> bool:
    found = reasons(sidecar, token)
    seen |= found
    return found == {reason}


def test_nothing_changes_where_the_file_cannot_be_read(short_folder: Path) -> None:
    """The configuration is refused with the reason, and taken as soon as the file is there again."""
    file = short_folder / "revoked.jsonl"
    file.write_text("", encoding="utf-8")
    with running_sidecar(short_folder, configuration(short_folder, "file: revoked.jsonl")) as sidecar:
        assert eventually(sidecar.is_ready)
        longest = _longest(sidecar)
        file.rename(short_folder / "away")
        config = sidecar.workspace.config
        changed = config.read_text(encoding="utf-8").replace(_SHORT, "max_lifetime_seconds: 400000")
        config.write_text(changed, encoding="utf-8")
        assert eventually(lambda: "what is revoked could not be read again" in sidecar.printed()), sidecar.printed()
        assert reasons(sidecar, longest) == {"lifetime_too_long"}
        (short_folder / "away").rename(file)
        assert eventually(lambda: reasons(sidecar, longest) == {"allowed"}), sidecar.printed()
