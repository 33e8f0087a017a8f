"""Keys of keyed hashes, out of files: as many bytes as BLAKE2b's key takes, and not too few to be guessed."""

from pathlib import Path

from sidecar.keys.regular_file import open_regular


def read_secret_key(folder: Path, name: str, least: int, most: int) -> bytes:
    """Read a key of ``least`` to ``most`` bytes; raises ``ValueError``, whose text has nothing of them."""
    try:
        with open_regular(folder / name) as file:
            key = file.read(most + 1)
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}") from None
    if not least <= len(key) <= most:
        raise ValueError(f"{name} has not {least} to {most} bytes; make one of 32 random bytes")
    return key
