"""Identity headers: each is set or removed, exactly one of the two, on every allow; unsafe values are denials."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.trust import Trust
from support.answers import Answer
from support.checks import decide
from support.requests import check_request, with_token
from support.tokens import ABSENT, ISSUER, claims, forge_payload, mint
from support.trusts import ALLOW_ALL, issuer, policy_set, trust

_CLAIM_HEADERS = ((("email",), "x-email"), (("realm", "roles"), "x-roles"), (("data",), "x-data"))
_NAMES = ("x-auth-subject", "x-auth-issuer", "x-auth-scopes", "x-email", "x-roles", "x-data")


def _trust(**response: Any) -> Trust:  # noqa: ANN401 - response settings
    public = policy_set(ALLOW_ALL, public=[{"paths": ["/public"]}], cors_preflight=[{"paths": ["/*"]}])
    lenient = issuer(required_claims=frozenset())
    return trust(public, [lenient], **{"claim_headers": _CLAIM_HEADERS} | response)


_TRUST = _trust()


def _answer(**changes: object) -> Answer:
    return decide(with_token(forge_payload(claims(**changes))), _TRUST)


def _set_or_removed(answer: Answer) -> None:
    sent = [name for name, _ in answer.headers]
    assert sorted([*sent, *answer.removed]) == sorted(_NAMES)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"sub": ABSENT},
        {"scope": "b a", "email": "a@x", "realm": {"roles": ["r", "s"]}, "data": {"a": 1}},
        {"email": "", "realm": {"roles": []}, "data": None},
        {"realm": "x", "data": [1, "a"]},
        {"data": False, "email": []},
    ],
)
def test_each_once_with_a_token(changes: dict[str, object]) -> None:
    """With a token each identity header is set or removed, once."""
    answer = _answer(**changes)
    assert answer.allowed
    _set_or_removed(answer)


@pytest.mark.parametrize("sent", [{}, dict.fromkeys(_NAMES, "attacker"), {"authorization": "Bearer x"}])
def test_each_removed_without_identity(sent: dict[str, str]) -> None:
    """On a public path every identity header is removed, whatever the client sent."""
    answer = decide(check_request(path="/public", headers=sent), _TRUST)
    assert (answer.headers, sorted(answer.removed)) == ((), sorted(_NAMES))


def test_each_removed_on_a_preflight() -> None:
    """A CORS preflight carries no identity either."""
    headers = {"origin": "https://x.example", "access-control-request-method": "PUT", "x-auth-subject": "attacker"}
    answer = decide(check_request(method="OPTIONS", headers=headers), _TRUST)
    assert (answer.reason, answer.headers, sorted(answer.removed)) == ("cors_preflight", (), sorted(_NAMES))


def test_what_the_client_sent_is_overwritten() -> None:
    """A set header replaces what the client sent: Envoy is told to overwrite, never to append."""
    answer = decide(with_token(mint(), headers={"x-auth-subject": "attacker"}), _TRUST)
    assert answer.header("x-auth-subject") == "alice"
    assert "x-auth-subject" not in answer.removed


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({}, "x-auth-subject", "alice"),
        ({"sub": ABSENT}, "x-auth-subject", None),
        ({}, "x-auth-issuer", ISSUER),
        ({"scope": "b a", "scp": ["c"]}, "x-auth-scopes", "a b c"),
        ({}, "x-auth-scopes", None),
        ({"email": "a@x"}, "x-email", "a@x"),
        ({"email": 3}, "x-email", "3"),
        ({"email": True}, "x-email", "true"),
        ({"email": ["a", "b"]}, "x-email", "a,b"),
        ({"email": None}, "x-email", None),
        ({"realm": {"roles": ["r", "s"]}}, "x-roles", "r,s"),
        ({"realm": {"other": 1}}, "x-roles", None),
        ({"realm": ["roles"]}, "x-roles", None),
        ({"data": {"a": [1, None]}}, "x-data", '{"a":[1,null]}'),
        ({"data": {"a": "é\n"}}, "x-data", '{"a":"\\u00e9\\n"}'),
        ({"data": [1, "a,b"]}, "x-data", '[1,"a,b"]'),
        ({"sub": "José"}, "x-auth-subject", "José"),
        ({"sub": "a b"}, "x-auth-subject", "a b"),
    ],
)
def test_values(changes: dict[str, object], name: str, value: str | None) -> None:
    """A claim goes into its header as text, a list of strings joined by commas, anything else as JSON."""
    assert _answer(**changes).header(name) == value


_UNSAFE = [
    "a\r\nx-admin: 1",
    "a\nb",
    "a\rb",
    "a\0b",
    "a\tb",
    " a",
    "a ",
    "a\x7f",
    "a\x85",
    "a\u2028b",
    "a\u200bb",
    "a\u202eb",
]


@pytest.mark.parametrize(
    "value",
    [
        *_UNSAFE,
        "\ufeffa",
        "\u3164",
        "a\u115fb",
        "a\u034f",
        "a\ufe0f",
        "a\u2800b",
        "\U000e0101",
        "\u00a0a",
        "\u3000",
        "\ue000",
        " ",
    ],
)
@pytest.mark.parametrize("claim", ["sub", "email"])
def test_unsafe(claim: str, value: str) -> None:
    """A value that no header carries faithfully is a denial, never cleaned or cut."""
    answer = _answer(**{claim: value})
    assert (answer.status, answer.reason) == (403, "unsafe_identity")


@pytest.mark.parametrize("member", ["a,b", ",", "a\n"])
def test_unsafe_list_member(member: str) -> None:
    """A list member with a comma or a control character would read as something else."""
    assert _answer(email=["x", member]).reason == "unsafe_identity"


@pytest.mark.parametrize("members", [["x", " admin"], ["x ", "y"], ["", "admin"], ["x", ""]])
def test_list_members_survive_the_way_back(members: list[str]) -> None:
    """A list whose members a reader of lists (RFC 9110, section 5.6.1) would trim or drop is a denial."""
    assert _answer(email=members).reason == "unsafe_identity"


@pytest.mark.parametrize("scopes", [["read admin"], ["read\u00a0x"], ["a\nb"]])
def test_unsafe_scopes(scopes: list[str]) -> None:
    """The scopes header never shows a scope that policy did not see as one."""
    answer = _answer(scp=scopes)
    shown = set((answer.header("x-auth-scopes") or "").split(" ")) - {""}
    assert answer.reason == "unsafe_identity" or shown <= set(scopes)


@pytest.mark.parametrize(("size", "allowed"), [(64, True), (65, False)])
@pytest.mark.parametrize(("character", "width"), [("a", 1), ("é", 2)])
def test_too_long(size: int, character: str, width: int, allowed: bool) -> None:  # noqa: FBT001 - a table
    """A value of more bytes than allowed is a denial; characters are not bytes."""
    subject = character * (size // width) + "a" * (size % width)
    token = forge_payload(claims(sub=subject))
    short = _trust(max_header_bytes=64, issuer_header=None)
    assert decide(with_token(token), short).allowed is allowed


def test_header_that_is_not_configured() -> None:
    """A header that is not configured is neither set nor removed."""
    bare = _trust(subject_header=None, issuer_header=None, scopes_header=None, claim_headers=())
    answer = decide(with_token(mint(claims(scope="a"))), bare)
    assert (answer.headers, answer.removed) == ((), ())


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=10))
def test_any_subject(subject: str) -> None:
    """Any subject is shown exactly as it is, or the request is denied."""
    answer = _answer(sub=subject)
    if answer.allowed:
        _set_or_removed(answer)
        assert answer.header("x-auth-subject") == subject
        assert subject.strip() == subject
    else:
        assert answer.reason == "unsafe_identity"
