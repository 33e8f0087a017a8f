"""Files that say whose signatures are believed."""

import logging
from pathlib import Path

import pytest

from sidecar.core.keys import KeySet
from sidecar.keys.signing import generate, key_set_document
from sidecar.runtime.control.feed_files import signers
from sidecar.runtime.control.signers import SignersError, SignersFile
from sidecar.settings.policy_bundle import signers_now


def _ids(keys: KeySet) -> list[str | None]:
    return [key.key_id for key in keys.keys]


def _write(file: Path, *names: str) -> None:
    file.write_text(key_set_document([generate(name) for name in names]), encoding="utf-8")


def test_read_when_it_changes(tmp_path: Path) -> None:
    """Another content counts at once; the same file is read once."""
    file, read = tmp_path / "signers.json", list[bytes]()
    _write(file, "a")

    def reading(document: bytes) -> KeySet:
        read.append(document)
        return signers(document)

    one = SignersFile(file, reading)
    assert _ids(one.keys()) == _ids(one.keys()) == ["a"]
    _write(file, "a", "b")
    assert _ids(one.keys()) == ["a", "b"]
    assert len(read) == 2


def test_becomes_bad(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The keys that were read last stay, which is said once for each trouble, until the file is good again."""
    file = tmp_path / "signers.json"
    _write(file, "a")
    one = SignersFile(file, signers)
    assert (_ids(one.keys()), one.trouble) == (["a"], "")
    with caplog.at_level(logging.ERROR):
        for text in ("{", "{", '{"keys": []}'):
            file.write_text(text, encoding="utf-8")
            assert _ids(one.keys()) == ["a"]
            assert one.trouble.startswith("signers.json: ")
        file.unlink()
        assert _ids(one.keys()) == ["a"]
    assert one.trouble == "signers.json: cannot be read: No such file or directory; the keys that were read last stay"
    assert len(caplog.records) == 3
    _write(file, "b")
    assert (_ids(one.keys()), one.trouble) == (["b"], "")


@pytest.mark.parametrize("text", [None, "", "{", '{"keys": {}}'])
def test_was_never_good(tmp_path: Path, text: str | None) -> None:
    """Nobody is believed, and why is told with the file's name."""
    file = tmp_path / "signers.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    one = SignersFile(file, signers)
    for _ in range(2):
        with pytest.raises(SignersError, match=r"^signers\.json: "):
            one.keys()
    _write(file, "a")
    assert _ids(one.keys()) == ["a"]


def test_nobody(tmp_path: Path) -> None:
    """A set of no keys is a mistake where somebody has to be named, and says "nobody" of policies' signers."""
    file = tmp_path / "signers.json"
    file.write_text('{"keys": []}', encoding="utf-8")
    with pytest.raises(SignersError, match="no key"):
        SignersFile(file, signers).keys()
    one = SignersFile(file, signers_now)
    assert (_ids(one.keys()), one.trouble) == ([], "")
    file.write_text('{"keys": [{"kty": "oct", "k": "AAAA"}]}', encoding="utf-8")
    assert _ids(one.keys()) == []
    assert "the public keys: " in one.trouble
