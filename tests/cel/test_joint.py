"""Several terms that are asked at once answer as each by itself, joined by "and"."""

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.cel import Joint, Term, compile_terms, join
from sidecar.cel.given import BY_NAME

TERMS = [
    "request.headers.a == 'a'", "request.headers.b == 'a'", "!('a' in request.headers)", "identity.claims.a == 1",
    "identity.claims.a == identity.claims.b", "identity.claims.b == null", "size(identity.claims) > 1",
    "request.path.split('/')[1] == 'a'", "request.query.indexOf('a') == 0", "request.query == ''",
    "int(request.headers.a) > 1", "request.path.split('/')[1].matches('a')",
    "inCidr(source.address.trim(), '10.0.0.0/8')",
    "identity.scopes.all(x, identity.scopes.all(y, x == y))", "['a'].exists(x, x == request.headers.b)",
    "request.path.replace('a', 'b').matches('^/b') || request.query.trim().matches('a')",
]  # fmt: skip
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "request.path": st.sampled_from(["/a/b", "/b", "", "\0", "/" * 9000]),
        "request.query": st.sampled_from(["", "a", "b", "a" * 9000]),
        "request.headers": st.dictionaries(st.sampled_from("ab"), st.sampled_from(["a", "1", "2", "a\0", "a" * 5000])),
        "identity.claims": st.dictionaries(st.sampled_from("abc"), st.sampled_from([1, None, 2**64, "\0", "a"])),
        "identity.scopes": st.sampled_from([["a"], ["a", "b"], ["a"] * 101, ["a"] * 300]),
        "source.address": st.sampled_from(["10.0.0.1", " 192.0.2.1", "x"]),
    },
)


def terms_of(texts: list[str]) -> list[Term]:
    """Compile each text."""
    return [term for text in texts for term in compile_terms(text)]


@given(st.lists(st.sampled_from(TERMS), min_size=1, max_size=5), VALUES)
def test_as_each_by_itself(texts: list[str], values: dict[str, object]) -> None:
    """One that is false makes all of it false, also where another cannot be told or is given what it does not take."""
    terms = terms_of(texts)
    answers = [term(values) for term in terms]
    together = False if False in answers else None if None in answers else True
    assert join(terms, BY_NAME)(values) is together


def test_the_library_is_asked_once() -> None:
    """Terms that take the library are one question; loops, whose turns are counted together, stay apart."""
    assert len(join(terms_of(TERMS[7:9]), BY_NAME).conditions) == 1
    assert len(join(terms_of(TERMS[7:9] + TERMS[13:15]), BY_NAME).conditions) == 3


@pytest.mark.parametrize(
    "texts",
    [
        ["request.path.trim().matches('a')" + " || request.path.trim().matches('b')" * 20] * 2,
        ["!(" * 28 + "request.path.trim() == 'a'" + ")" * 28] * 2,
        [f"request.path.trim() == '{'a' * 4000}'"] * 40,
    ],
    ids=["too many calls", "too deep", "too long"],
)
def test_too_much_for_one_expression(texts: list[str]) -> None:
    """What does not fit into one expression is asked one by one."""
    terms = [*terms_of(texts), *terms_of(["request.query.trim() == 'a'"])]
    joint = join(terms, BY_NAME)
    assert len(joint.conditions) == len(terms)
    for values in ({"request.path": "a", "request.query": "a"}, {"request.path": "b", "request.query": "a"}, {}):
        answers = [term(values) for term in terms]
        assert joint(values) is (False if False in answers else None if None in answers else True)


def test_stops_at_what_is_false() -> None:
    """What follows a false answer is not asked."""
    calls: list[object] = []
    answers: Iterator[bool | None] = iter((True, None, False, True))

    def counted(values: Mapping[str, object]) -> bool | None:
        calls.append(values)
        return next(answers)

    joint: Joint[Mapping[str, object]] = Joint((counted,) * 4)
    assert joint({}) is False
    assert len(calls) == 3
