"""A configuration without its secrets, for people to look at.

Rules, in this order:

1. Booleans and what is empty are shown: they tell whether a secret is there, not what it is.
2. A value whose name says secret, token, password, credential and the like is masked, and so is all that lies below
   such a name; unless the name ends in a word that says it is something about the secret, such as ``token_file`` or
   ``max_token_bytes``. The words ``key`` and ``keys`` count where they hold a value; below a mapping of this name the
   names in it count.
3. In a JSON Web Key the private parts are masked (RFC 7518, sections 6.2.2, 6.3.2, 6.4.1).
4. Text that looks like a private key in PEM, or like a signed token, is masked whatever its name.
5. In text, what stands before the ``@`` of a URL is masked (RFC 3986, section 3.2.1), and so are query parameters by
   rule 2.

Where in doubt it masks: an address that cannot be read is a nuisance, a password that can is an incident.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from enum import Enum

MASK = "***"
#: A name with one of these in it is secret, with all below it.
_SECRET = re.compile(
    "secret|token|passw|passphrase|credential|authorization|bearer|cookie|apikey|private|sessionid", re.IGNORECASE
)
#: So is one with one of these words.
_SECRET_WORDS = frozenset(("pwd", "pin", "otp"))
#: Names that are secret where they hold a value themselves.
_KEY = frozenset(("key", "keys", "jwk"))
#: A name that ends so is about a secret, and not one. ("id" is missing: Vault's secret_id is a secret.)
_ABOUT = {
    *("algorithm", "algorithms", "bytes", "count", "entries", "file", "files", "folder", "lifetime", "path", "paths"),
    *("seconds", "size", "type", "types", "workers"),
}
_PRIVATE_JWK = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
#: Fields that are called so for another reason, as paths without list indices.
_PLAIN = frozenset({("policies", "rules", "when", "key")})
#: In a URL, more names than elsewhere.
_PARAMETERS = _KEY | {"sig", "signature", "code"}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_WORD = re.compile(r"\S+")
_PARAMETER = re.compile(r"([?&;])([^=?&;#\s]+)=([^&;#\s]+)")
_BARE = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.")

Path = tuple[str, ...]


def masked(configuration: Mapping[str, object], plain: Collection[Path] = _PLAIN) -> dict[str, object]:
    """Return a copy made of mappings, lists, text, numbers, booleans and ``None`` only, without secrets.

    ``plain`` names fields that are shown whatever they are called. Anything of another type is shown as its text.
    """
    return _mapping(configuration, (), plain, below=False)


def _mapping(mapping: Mapping[str, object], path: Path, plain: Collection[Path], *, below: bool) -> dict[str, object]:
    jwk = "kty" in mapping
    return {
        str(name): MASK if jwk and name in _PRIVATE_JWK else _field(str(name), value, path, plain, below=below)
        for name, value in mapping.items()
    }


def _field(name: str, value: object, path: Path, plain: Collection[Path], *, below: bool) -> object:
    path, words = (*path, name), _words(name)
    if path in plain or (not below and words and words[-1] in _ABOUT):
        return _value(value, path, plain, below=False, key=False)
    return _value(value, path, plain, below=below or _is_secret(name), key=not _KEY.isdisjoint(words))


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(name)) or not _SECRET_WORDS.isdisjoint(_words(name))


def _value(value: object, path: Path, plain: Collection[Path], *, below: bool, key: bool) -> object:
    if value is None or isinstance(value, bool) or value in ("", b""):
        return value if value != b"" else ""
    if isinstance(value, Mapping):
        return _mapping(value, path, plain, below=below)
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return [_value(item, path, plain, below=below, key=key) for item in value]
    if below or key or isinstance(value, bytes):
        return MASK
    if isinstance(value, Enum):
        value = value.value
    return value if isinstance(value, int | float) else _text(str(value))


def _text(text: str) -> str:
    return MASK if _BARE.search(text) else masked_url(text)


def masked_url(text: str) -> str:
    """Return ``text`` without what rule 5 masks; in linear time, whoever wrote it."""
    return without_parameters(without_userinfo(text))


def without_userinfo(text: str) -> str:
    """Return ``text`` without what stands before the ``@`` of a URL. Cut it after that: without its ``@`` none is."""
    return _WORD.sub(_without_userinfo, text) if "@" in text else text


def without_user(authority: str) -> str:
    """Return the host and port of an authority, without user and password (RFC 9110, section 4.2.4)."""
    user, at, host = authority.rpartition("@")
    return f"{MASK}@{host}" if user and at else authority


def without_parameters(text: str) -> str:
    """Return ``text`` without the values of secret query parameters."""
    return _PARAMETER.sub(_parameter, text) if "=" in text else text


def _without_userinfo(found: re.Match[str]) -> str:
    word = found.group()
    begin, end = word.find("://"), word.rfind("@")
    return word if begin < 0 or end < begin else f"{word[: begin + 3]}{MASK}{word[end:]}"


def _parameter(found: re.Match[str]) -> str:
    separator, name, _ = found.groups()
    secret = _is_secret(name) or not _PARAMETERS.isdisjoint(_words(name))
    return f"{separator}{name}={MASK}" if secret else found.group()
