"""Taking apart keeps the meaning; the bound of the cost is one; nothing gets out but true, false and none."""

from collections.abc import Callable
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from sidecar.cel import CelError, Term, compile_terms
from sidecar.cel.environment import check, condition
from sidecar.cel.terms import roots

ATOMS = [
    "true", "false", "request.method == 'GET'", "request.path.startsWith('/a')", "request.path.matches('^/[ab]$')",
    "identity.claims.a == 1", "identity.claims.b", "has(identity.claims.a)", "'a' in identity.claims",
    "1 / size(request.path) == 1",
    "identity.scopes.exists(s, s == 'a' && request.method == 'GET')", "identity.scopes.all(s, s != '&&')",
    "request.path == ' && (' ", "inCidr(source.address, '10.0.0.0/8')",
    "['/a', '/b'].exists(p, p == request.path // &&\n)",
    "['a'].exists(a, request.path.matches('b'))", "request.path == '''\n&&'''", "request.headers.a == '😀&&'",
]  # fmt: skip
LEAF = st.sampled_from(ATOMS)
FORMS = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("{} && ({})".format, inner, inner),
        st.builds("({}) && {}".format, inner, inner),
        st.builds("( {} )".format, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    ),
    max_leaves=6,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "request.method": st.sampled_from(["GET", "PUT", "\udc80"]),
        "request.path": st.sampled_from(["", "/", "/a", "/b", " && (", "\n&&"]),
        "request.headers": st.dictionaries(st.just("a"), st.sampled_from(["😀&&", "", "\udc80"])),
        "identity.claims": st.dictionaries(st.sampled_from("ab"), JSON, max_size=2),
        "identity.scopes": st.lists(st.sampled_from(["a", "&&", ""]), max_size=3),
        "source.address": st.sampled_from(["10.1.1.1", "192.0.2.1", "x", ""]),
    },
)


def is_taken(value: object) -> bool:
    """Say whether the library takes a value for what it is; the others never get to it (``supply``)."""
    if isinstance(value, dict | list):
        return all(map(is_taken, [*value, *value.values()] if isinstance(value, dict) else value))
    if isinstance(value, str):
        return "\0" not in value and "\udc80" not in value
    return not isinstance(value, int) or -(2**63) <= value < 2**63


TAKEN = VALUES.filter(is_taken)


def compiled(text: str) -> tuple[Term, ...] | None:
    """Compile; ``None`` if it is refused, which is only right for terms of any type and for too deep a tree."""
    try:
        return compile_terms(text)
    except CelError as error:
        if "it may be anything" in str(error) or "nested too deeply" in str(error):
            return None
        raise


def whole(text: str, values: dict[str, object]) -> bool | None:
    """Evaluate without taking apart, by the library alone."""
    try:
        return condition(check(text))(values)
    except RuntimeError:
        return None


@given(FORMS.filter(lambda text: "inCidr" not in text), TAKEN)
def test_taking_apart_keeps_the_meaning(text: str, values: dict[str, object]) -> None:
    """All terms are true where the expression is; one of them is false where the expression is.

    So both readings are kept: "what cannot be told matches" (deny), and "what cannot be told does not" (allow).
    """
    terms = compiled(text)
    if terms is None:
        return
    answers = [term(values) for term in terms]
    together = False if False in answers else None if None in answers else True
    assert together is whole(text, values)


@given(FORMS)
def test_texts_are_the_terms(text: str) -> None:
    """Each term's text, compiled again, is that term alone: with the same tree, and the same text."""
    terms = compiled(text)
    if terms is None:
        return
    checked = check(text)
    for term, root in zip(terms, roots(checked), strict=True):
        (again,) = compile_terms(term.text)
        assert again == term
        assert (again.variables, again.headers, again.claims) == (term.variables, term.headers, term.claims)
        assert _shape(check(term.text).expr) == _shape(root)


def _shape(node: object) -> str:
    return "\n".join(line for line in str(node).splitlines() if not line.strip().startswith("id: "))


@given(FORMS, VALUES)
def test_nothing_else_gets_out(text: str, values: dict[str, object]) -> None:
    """Whatever it is given, a term is true, false or none."""
    for term in compiled(text) or ():
        assert term(values) in {True, False, None}


@given(st.text(max_size=30))
def test_any_text(text: str) -> None:
    """Any text is compiled, or refused with ``CelError``."""
    with suppress(CelError):
        assert compile_terms(text)


PIECES = [
    *"()[]{}.a1?:!`\n", "&&", "||", "'a'", "true", "//", "has(", "request.path", "identity.claims", "==", ".exists(a,",
    "@0", '"""', "r'", "&", "in",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_pieces(pieces: list[str]) -> None:
    """So it is with what comes near to an expression."""
    with suppress(CelError):
        assert compile_terms(" ".join(pieces))


FRAGMENTS = st.sampled_from(
    [
        "a",
        "b",
        ".",
        "^",
        "$",
        "[^a]",
        "(a|b)",
        "a*",
        "b+?",
        r"\d",
        r"\s",
        "[à-ü]",
        "(?i)A",
        "(?s).",
        "é",
        r"\x00",
        "x{2,3}",
        r"\b",
        "(?m)^",
    ]
)


@given(st.lists(FRAGMENTS, min_size=1, max_size=5), st.text("ab\n\t Aé1x", max_size=8))
def test_kept_patterns_match_as_the_library_does(fragments: list[str], path: str) -> None:
    """A pattern that is kept matches what the library's own ``matches`` does, wherever lines and texts end."""
    text = f"request.path.matches(r'{''.join(fragments)}')"
    (term,) = compile_terms(text)
    assert term({"request.path": path}) is whole(text, {"request.path": path})


HOLDERS: list[tuple[str, Callable[[str], dict[str, object]]]] = [
    ("request.path == {}", lambda text: {"request.path": text}),
    ("{} in identity.scopes", lambda text: {"identity.scopes": [text]}),
    ("identity.claims.a.b[0] == {}", lambda text: {"identity.claims": {"a": {"b": [text]}}}),
    ("{} in identity.claims.a", lambda text: {"identity.claims": {"a": {text: 1}}}),
]


@given(st.sampled_from(HOLDERS), st.text(max_size=6), st.text(max_size=6))
def test_texts_are_equal_as_they_are(
    holder: tuple[str, Callable[[str], dict[str, object]]], wanted: str, other: str
) -> None:
    """A text equals itself and no other, wherever it is; it cannot be told of one that the library would cut."""
    form, values = holder
    (term,) = compile_terms(form.format("'" + "".join(f"\\U{ord(one):08x}" for one in wanted) + "'"))
    assert term(values(wanted)) is (True if is_taken(wanted) else None)
    assert term(values(other)) is ((wanted == other) if is_taken(other) else None)
