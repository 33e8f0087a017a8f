"""Files of API keys."""

import json

import pytest

from sidecar.keys.api_keys import ApiKeysError, generate_key, hash_of, read_api_keys

HASH = hash_of("k" * 43)


def line(**members: object) -> bytes:
    """Return a line with ``members``; one that is ``None`` is left out."""
    chosen = {"hash": HASH, "subject": "batch", **members}
    return json.dumps({name: value for name, value in chosen.items() if value is not None}).encode()


def test_all_members() -> None:
    """Each member arrives; comments and empty lines are for people."""
    text = b"# ours\n\n  " + line(scopes=["a", "b"], claims={"t": [1]}, expires="2027-01-01T01:00:00+01:00") + b"\r\n"
    (key,) = read_api_keys(text)
    assert (key.subject, sorted(key.scopes), dict(key.claims)) == ("batch", ["a", "b"], {"t": [1]})
    assert key.expires == 1_798_761_600
    assert key.key_hash.hex() == HASH[7:]


def test_empty_file_lets_nobody_in() -> None:
    """Taking the last key off the list leaves none, rather than the list as it was."""
    assert read_api_keys(b"") == read_api_keys(b"# none\n") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"{", "line 1: "),
        (b"[]", "line 1: not an object"),
        (b"\n" + line(hash=None), "line 2: 'hash' is missing"),
        (line(hash="sha256:" + "A" * 64), "'hash' is not sha256:"),
        (line(hash=HASH + "0"), "'hash' is not sha256:"),
        (line(hash=HASH + "\n"), "'hash' is not sha256:"),
        (line(hash="authz_secret"), "'hash' is not sha256:"),
        (line(subject=""), "'subject' is not a string"),
        (line(subject=5), "'subject' is not a string"),
        (line(scope="a"), "'scope' is no member; allowed: hash, subject, scopes"),
        (line(scopes="a"), "'scopes' is not a list"),
        (line(scopes=["a b"]), "'scopes' is not a list"),
        (line(scopes=[""]), "'scopes' is not a list"),
        (line(claims=[]), "'claims' is not an object"),
        (line(claims={"iss": "x"}), "'claims' has 'iss'"),
        (line(claims={"cnf": {}}), "'claims' has 'cnf'"),
        (line(expires=5), "'expires' is not a string"),
        (line(expires="soon"), "'expires' is no time"),
        (line(expires="2027-01-01T00:00:00"), "'expires' has no time zone"),
        (line() + b"\n" + line(subject="other"), "line 2: this key is there twice"),
        (line()[:-1] + b', "subject": "x"}', "line 1: a member is given twice"),
    ],
)
def test_refused_with_line_and_remedy(text: bytes, problem: str) -> None:
    """What is wrong is told with its line, and nothing of a hash or key."""
    with pytest.raises(ApiKeysError) as refused:
        read_api_keys(text)
    assert problem in str(refused.value)
    assert HASH[7:] not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_too_large() -> None:
    """A file beyond all measure is not read."""
    with pytest.raises(ApiKeysError, match="larger than"):
        read_api_keys(b"#" * (4 * 1024 * 1024 + 1))


def test_generated_keys() -> None:
    """Keys are long, never the same, and need no encoding anywhere."""
    keys = {generate_key() for _ in range(20)}
    assert len(keys) == 20
    assert all(len(key) == 49 and key.startswith("authz_") for key in keys)


def test_no_hash_in_the_representation() -> None:
    """A key does not show its hash, nor what personal data it carries."""
    (key,) = read_api_keys(line(claims={"name": "Ada"}))
    assert HASH[7:] not in repr(key)
    assert "Ada" not in repr(key)
