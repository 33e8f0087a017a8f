"""A real sidecar that revokes: from its file, by its API, in several processes and in one, and however it is killed."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sidecar.demo.workspace import ISSUER
from support.processes import descendants, eventually, is_running
from support.revoking import Admin, configuration, readiness, reasons
from support.sidecars import Sidecar, running_sidecar

API = ("admin_api: true",)
FILE = ("file: revoked.jsonl",)
ALONE = {"AUTHZ_ENABLE_MULTIPROCESSING": "false"}


@contextmanager
def running(folder: Path, *lines: str, **environment: str) -> Iterator[Sidecar]:
    """Run a sidecar, and wait until it is ready."""
    with running_sidecar(folder, configuration(folder, *lines), environment) as sidecar:
        assert eventually(sidecar.is_ready), sidecar.printed()
        yield sidecar


def entry(**members: object) -> dict[str, object]:
    return {"issuer": ISSUER, **members}


def line(**members: object) -> str:
    return json.dumps(entry(**members)) + "\n"


@pytest.mark.parametrize("environment", [{}, ALONE, {"AUTHZ_HASH_PROCESSOR_WORKERS": "2"}])
def test_posted(short_folder: Path, environment: dict[str, str]) -> None:
    """What is posted is refused by every server when the answer is there, remembered or not; others go on."""
    with running(short_folder, *API, **environment) as sidecar:
        admin = Admin(short_folder)
        token, other = sidecar.workspace.token(jti="t-1"), sidecar.workspace.token(jti="t-2")
        assert reasons(sidecar, token) == reasons(sidecar, other) == {"allowed"}
        status, body = admin.post(entry(jti="t-1"))
        assert (status, json.loads(body)) == (201, {"revoked": 1, "published": False})
        assert reasons(sidecar, token) == {"token_revoked"}
        assert reasons(sidecar, other) == {"allowed"}
        assert admin.counts()["entries"] == 1
        many = [entry(sub=f"user-{number}") for number in range(500)] + [
            entry(sub="alice", issued_before=time.time() + 60)
        ]
        assert admin.post({"revocations": many})[0] == 201
        assert reasons(sidecar, other) == {"token_revoked"}
        assert reasons(sidecar, sidecar.workspace.token(sub="user-77")) == {"token_revoked"}
        assert reasons(sidecar, sidecar.workspace.token(sub="bob")) == {"allowed"}
        assert sidecar.metric('authz_revocation_entries_total{result="stored",source="api"}') == 502
        assert sidecar.metric("authz_denylist_entries") == 502
        assert sidecar.metric("authz_denylist_complete") == 1


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not a JSON object|Expecting"),
        (b"[]", "not an object"),
        (b"{}", "'issuer' is missing"),
        (b'{"issuer": "https://other.example", "jti": "x"}', "none that is configured"),
        (json.dumps(entry()).encode(), "nothing to revoke"),
        (json.dumps(entry(jti="a", sub="b")).encode(), "exactly one"),
        (json.dumps(entry(jti="a", issued_before=5)).encode(), "exactly one"),
        (json.dumps(entry(jti="")).encode(), "'jti' is no text"),
        (json.dumps(entry(jti="a", expires_at=5)).encode(), "past"),
        (json.dumps(entry(jti="a", expires_at=1790000000000)).encode(), "milliseconds"),
        (json.dumps(entry(kid="a", expires_at=2e9)).encode(), "leave it out"),
        (json.dumps(entry(issued_before=4e9)).encode(), "ahead"),
        (json.dumps(entry(jti="a", revoked_at=5)).encode(), "revoked now"),
        (json.dumps(entry(jti="a", secret="s")).encode(), "none of"),
        (json.dumps({"revocations": []}).encode(), "1 to 1000"),
        (json.dumps({"revocations": [entry(jti="a"), 5]}).encode(), "no JSON object"),
        (b'{"issuer": "x", "jti": "a", "jti": "b"}', "twice"),
    ],
)
def test_posted_wrongly(api: Sidecar, body: bytes, problem: str) -> None:
    """What is no entry is refused as a whole with what is wrong with it, and nothing of what was sent comes back."""
    before = Admin(api.workspace.folder).counts()["entries"]
    status, text = Admin(api.workspace.folder).post(None, raw=body)
    assert status == 400
    assert re.search(problem, text), text
    assert "other.example" not in text
    assert Admin(api.workspace.folder).counts()["entries"] == before


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """Return a sidecar whose tests leave it as it is."""
    folder = tmp_path_factory.mktemp("a")
    with running(folder, *API, **ALONE) as sidecar:
        yield sidecar


def test_off_by_default(short_folder: Path) -> None:
    """Without ``admin_api`` there is no such page."""
    (short_folder / "revoked.jsonl").write_text("")
    with running(short_folder, *FILE, **ALONE):
        assert Admin(short_folder).post(entry(jti="x"))[0] == 404


@pytest.mark.parametrize("environment", [{}, ALONE])
def test_file(short_folder: Path, environment: dict[str, str]) -> None:
    """What is in the file is refused from the start; lines that are added count; one that is taken out revokes on."""
    file = short_folder / "revoked.jsonl"
    file.write_text("# who left\n\n" + line(sub="alice"))
    with running(short_folder, *FILE, **environment) as sidecar:
        alice, bob = sidecar.workspace.token(), sidecar.workspace.token(sub="bob")
        assert reasons(sidecar, alice) == {"token_revoked"}
        assert reasons(sidecar, bob) == {"allowed"}
        with file.open("a") as opened:
            opened.write("nonsense\n" + line(sub="bob"))
        assert eventually(lambda: reasons(sidecar, bob) == {"token_revoked"})
        assert "revoked.jsonl:4: is no JSON object" in sidecar.printed()
        assert eventually(lambda: "1 line(s)" in readiness(sidecar))
        assert sidecar.is_ready()
        file.unlink()
        assert eventually(lambda: "cannot be read" in readiness(sidecar))
        file.write_text("")
        assert eventually(lambda: "[+]revocation-file ok\n" in readiness(sidecar))
        assert reasons(sidecar, alice) == reasons(sidecar, bob) == {"token_revoked"}


@pytest.mark.parametrize("text", [None, "nonsense\n", '{"issuer": "https://unknown.example", "jti": "x"}\n'])
def test_file_that_is_wrong_from_the_start(short_folder: Path, text: str | None) -> None:
    """A sidecar that does not know all that is revoked is not ready, and lets nobody in until it does."""
    if text is not None:
        (short_folder / "revoked.jsonl").write_text(text)
    with running_sidecar(short_folder, configuration(short_folder, *FILE)) as sidecar:
        token = sidecar.workspace.token()
        assert eventually(lambda: "[-]revocation-file failed" in readiness(sidecar))
        assert reasons(sidecar, token) == {"revocation_unknown"}
        (short_folder / "revoked.jsonl").write_text("")
        assert eventually(sidecar.is_ready), readiness(sidecar)
        assert reasons(sidecar, token) == {"allowed"}


def test_control_is_killed(short_folder: Path) -> None:
    """What was revoked is so without control, under the next one, and together with what it revokes."""
    with running(short_folder, *API, AUTHZ_HASH_PROCESSOR_WORKERS="1") as sidecar:
        admin = Admin(short_folder)
        first, second = sidecar.workspace.token(jti="t-1"), sidecar.workspace.token(jti="t-2")
        assert admin.post(entry(jti="t-1"))[0] == 201
        workers = list(descendants(sidecar.pid("control")))
        assert workers
        killed = sidecar.kill("control")
        assert reasons(sidecar, first) == {"token_revoked"}
        assert reasons(sidecar, second) == {"allowed"}
        assert eventually(lambda: not is_running(killed))
        assert eventually(lambda: not any(map(is_running, workers)))
        assert eventually(lambda: sidecar.is_ready() and _answers(admin))
        assert admin.post(entry(jti="t-2"))[0] == 201
        assert reasons(sidecar, first) == reasons(sidecar, second) == {"token_revoked"}
        assert admin.counts()["entries"] == 2


def _answers(admin: Admin) -> bool:
    try:
        return admin.call("GET")[0] == 200
    except OSError:
        return False


def test_hash_workers(short_folder: Path) -> None:
    """``hash_processor_workers`` are so many more processes below control."""
    found = []
    for number in ("0", "2"):
        folder = short_folder / number
        folder.mkdir()
        with running(folder, *API, AUTHZ_HASH_PROCESSOR_WORKERS=number) as sidecar:
            command = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in descendants(sidecar.pid("control"))]
            found.append(sum(b"spawn_main" in one for one in command))
    assert found == [0, 2]


def test_full_list(short_folder: Path) -> None:
    """Where there is no room for more the sidecar is not ready, what is posted is not acknowledged, and all stays."""
    file = short_folder / "revoked.jsonl"
    file.write_text("".join(line(sub=f"user-{number}") for number in range(990)))
    with running(short_folder, *FILE, *API, "max_entries: 1000") as sidecar:
        admin = Admin(short_folder)
        room = admin.counts()["capacity"]
        many = [entry(jti=f"t-{number}") for number in range(room)]
        assert [admin.post({"revocations": many[start : start + 500]})[0] for start in range(0, room, 500)][-1] == 503
        assert admin.counts()["entries"] == room
        assert "[-]denylist failed: all" in readiness(sidecar)
        assert reasons(sidecar, sidecar.workspace.token(sub="user-989", jti="x")) == {"token_revoked"}
        assert reasons(sidecar, sidecar.workspace.token(jti="t-0")) == {"token_revoked"}
        assert reasons(sidecar, sidecar.workspace.token(sub="bob", jti="y")) == {"allowed"}
        assert sidecar.metric('authz_revocation_entries_total{result="full",source="api"}') > 0


def test_entry_ends(short_folder: Path) -> None:
    """A token is let in again when its entry's time is over, as it says, be it years after the last sweep."""
    file = short_folder / "revoked.jsonl"
    # Revoked so long ago that nothing of that time can be good.
    file.write_text(line(sub="alice", revoked_at=1000) + line(sub="bob", revoked_at=int(time.time())))
    with running(short_folder, *FILE, **ALONE) as sidecar:
        assert reasons(sidecar, sidecar.workspace.token()) == {"allowed"}
        assert reasons(sidecar, sidecar.workspace.token(sub="bob")) == {"token_revoked"}
        assert sidecar.metric('authz_revocation_entries_total{result="over",source="file"}') == 1
