"""A run: who is started, who is told to be missing, which tokens each gets."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from peers.answers import WrongAnswerError, verify
from peers.contender import Bench, Contender, Front, NotAvailableError
from peers.contenders import contenders, jwt_authn, none
from peers.load import TokenFile
from peers.measure import TokenFiles, start
from peers.plan import Cell, Plan, Tokens
from peers.run import rounds, why
from peers.tokens import Keys, write
from peers.tools import Tools, ToolsMissingError

from support.peer_results import results

FRESH, AGAIN = Cell(Tokens.FRESH, rate=10), Cell(Tokens.THOUSAND, connections=1)


def bench(folder: Path) -> Bench:
    """Return a bench in a folder."""
    return Bench(folder, Tools(), Keys())


def test_a_contender_that_cannot_start_is_told_once(tmp_path: Path) -> None:
    """Its reason is kept, and no further round tries again."""
    tried = []

    def refuse(_bench: Bench, _stack: ExitStack) -> Front:
        tried.append(1)
        raise NotAvailableError("no such thing here")

    found, plan = results([]), Plan((AGAIN,), rounds=3, seconds=1.0, warm_up_seconds=1.0)
    rounds([Contender("missing", "missing", "", refuse)], found, Tools(), plan, tmp_path)
    assert found.unavailable == {"missing": "no such thing here"}
    assert tried == [1]


def test_the_reason_names_no_folder_of_this_machine(tmp_path: Path) -> None:
    """The page is read elsewhere: one line, and not long."""
    text = why(OSError(f"{tmp_path}/authz.yaml:1: bad\n" + "x" * 1000), tmp_path)
    assert text.startswith("authz.yaml:1: bad xxx")
    assert len(text) < 250


def test_tokens_that_never_repeat_are_handed_out_once(tmp_path: Path) -> None:
    """Two loads of one contender get different ones; the next contender, started anew, begins at the first again."""
    file = TokenFile(tmp_path / "fresh.txt", 0, 100)
    files = TokenFiles(file, file, file)
    take = files.taker()
    first, second = take(FRESH, 1.0), take(FRESH, 2.0)
    assert (first.first, first.count, second.first, second.count) == (0, 11, 11, 21)
    assert files.taker()(FRESH, 1.0).first == 0


def test_tokens_in_a_file_differ(tmp_path: Path) -> None:
    """No two tokens of a file are the same."""
    tokens = write(Keys(), tmp_path / "some.txt", 20).read_text(encoding="ascii").splitlines()
    assert len(set(tokens)) == 20


def test_contenders_have_names_of_their_own() -> None:
    """Results are kept under the names of contenders."""
    names = [one.name for one in contenders("native")]
    assert len(set(names)) == len(names)


def test_a_missing_program_comes_with_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lacks a program is told what to type."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolsMissingError, match="wrk: apt-get install wrk\n  vegeta: go install"):
        Tools().require(["wrk", "vegeta"])


def test_a_program_is_looked_for_in_the_folder_that_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--tools comes before PATH."""
    monkeypatch.setenv("PATH", "")
    program = tmp_path / "wrk"
    program.touch(mode=0o755)
    assert Tools(tmp_path).find("wrk") == str(program)


@pytest.mark.parametrize("contender", jwt_authn.CONTENDERS, ids=lambda one: one.name)
def test_envoy_s_own_filters_answer_rightly(contender: Contender, tmp_path: Path) -> None:
    """A peer that is measured allows, refuses and hands on identities as it should, in a real Envoy."""
    with ExitStack() as stack:
        running = start(contender, bench(tmp_path), stack)
        assert running.port
        assert running.sidecar == []
        assert len(running.envoy) == 1


def test_who_lets_everything_through_is_not_measured(tmp_path: Path) -> None:
    """Answers are verified before anything is measured: without a filter a forged token passes."""
    with ExitStack() as stack:
        running = start(none.CONTENDERS[0], bench(tmp_path), stack)
        with pytest.raises(WrongAnswerError, match="a forged token: answered with 200, not 401 or 403"):
            verify(running.port, Keys(), told=False)


def test_who_hands_on_no_identity_is_not_measured(tmp_path: Path) -> None:
    """An identity header that a client wrote itself is no identity."""
    with ExitStack() as stack:
        running = start(none.CONTENDERS[0], bench(tmp_path), stack)
        with pytest.raises(WrongAnswerError, match="x-told-subject is None, not 'alice'"):
            verify(running.port, Keys(), told=True)


def test_the_issuer_s_key_signs_and_a_stranger_s_has_the_same_id() -> None:
    """A forged token is one that nothing but cryptography can refuse."""
    keys = Keys()
    assert keys.issuer.key_id == keys.stranger.key_id
    assert keys.issuer.public_jwk() != keys.stranger.public_jwk()
