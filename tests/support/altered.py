"""Words that are another in one bit."""


def altered(word: bytes, place: int) -> bytes:
    """Return ``word`` with the lowest bit of one byte turned over."""
    return word[:place] + bytes([word[place] ^ 1]) + word[place + 1 :]
