"""Signatures of a release, as OpenSSL sees them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from releasing.signed import KeyFileError, read_key, sign, summed

_SUMS = ("sha256sum", "--check", "--strict", "SHA256SUMS")


def _signature(name: str) -> tuple[str, ...]:
    return ("openssl", "dgst", "-sha256", "-verify", "release.pub", "-signature", f"{name}.sig", name)


def _holds(folder: Path, command: tuple[str, ...]) -> bool:
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]}")
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=30).returncode == 0  # noqa: S603


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a release of three files, signed, with the public key beside it."""
    place = tmp_path / "release"
    place.mkdir()
    for name in ("one.whl", "one.tar.gz", "one.cdx.json"):
        (place / name).write_bytes(name.encode() * 9)
    key = ec.generate_private_key(ec.SECP256R1())
    summed(place)
    sign(place, key)
    (place / "release.pub").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return place


def test_what_was_signed_verifies(folder: Path) -> None:
    """The digests are all files', their signature and the list's own hold, and no other file has one."""
    assert all(_holds(folder, command) for command in (_SUMS, _signature("SHA256SUMS"), _signature("one.cdx.json")))
    assert {path.name for path in folder.glob("*.sig")} == {"SHA256SUMS.sig", "one.cdx.json.sig"}
    names = [line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()]
    assert names == ["one.cdx.json", "one.tar.gz", "one.whl"]


@pytest.mark.parametrize("name", ["one.whl", "one.tar.gz", "one.cdx.json", "SHA256SUMS", "SHA256SUMS.sig"])
def test_one_bit_that_is_another(name: str, folder: Path) -> None:
    """No byte of a file can be altered unseen."""
    data = bytearray((folder / name).read_bytes())
    data[-3] ^= 1
    (folder / name).write_bytes(data)
    assert not (_holds(folder, _SUMS) and _holds(folder, _signature("SHA256SUMS")))


def test_another_key(folder: Path) -> None:
    """What somebody else signed is nothing of ours."""
    sign(folder, ec.generate_private_key(ec.SECP256R1()))
    assert not _holds(folder, _signature("SHA256SUMS"))
    assert not _holds(folder, _signature("one.cdx.json"))


def _written(file: Path, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b"") -> Path:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as opened:
        opened.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    return file


def test_a_key_is_read(tmp_path: Path) -> None:
    """As OpenSSL writes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    assert read_key(_written(tmp_path / "key", key)).private_numbers() == key.private_numbers()


def test_what_is_no_key(tmp_path: Path) -> None:
    """Each is refused, with the file, what is wrong and what to do; and nothing of what is in it."""
    good = ec.generate_private_key(ec.SECP256R1())
    open_to_all = _written(tmp_path / "open", good)
    open_to_all.chmod(0o640)
    public = tmp_path / "public"
    public.touch(0o600)
    public.write_bytes(good.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    for file, said in (
        (open_to_all, "chmod 600"),
        (public, "no private key"),
        (tmp_path / "nowhere", "No such file"),
        (_written(tmp_path / "ed", ed25519.Ed25519PrivateKey.generate()), "no key of P-256"),
        (_written(tmp_path / "p384", ec.generate_private_key(ec.SECP384R1())), "no key of P-256"),
        (_written(tmp_path / "encrypted", good, b"secret"), "is encrypted"),
    ):
        with pytest.raises(KeyFileError, match=said) as refused:
            read_key(file)
        assert str(refused.value).startswith(f"{file}: ")
        assert "PRIVATE" not in str(refused.value)
