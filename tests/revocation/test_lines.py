"""A file's lines: whatever way they are read, each is what JSON and ``read_entry`` say that it is."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.core.strict_json import JsonError, loads_object
from sidecar.revocation.entry import Entry, EntryError, read_entry
from sidecar.revocation.lines import MAX_LINE, read_lines
from sidecar.revocation.shape import LONGEST, shape_of
from sidecar.revocation.shapes import Shapes

Found = tuple[list[tuple[int, Entry]], list[tuple[int, str]]]


def one_by_one(data: bytes) -> Found:
    """Read lines as they were before anybody learned shapes."""
    entries, problems = [], []
    lines = data.split(b"\n")
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if len(line) + (number < len(lines)) > MAX_LINE:
            problems.append((number, f"is longer than {MAX_LINE} bytes"))
        elif text and not text.startswith(b"#"):
            try:
                entries.append((number, read_entry(loads_object(text))))
            except JsonError as error:
                problems.append((number, f"is no JSON object: {error}"))
            except EntryError as error:
                problems.append((number, str(error)))
    return entries, problems


def read(data: bytes, size: int = 10**6, block: int = 64) -> tuple[Found, int]:
    """Read lines out of a file; return what is in them, and how many of the entries came in columns."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "f"
        path.write_bytes(data)
        batches = list(read_lines(path, size, block))
    entries = [one for batch in batches for one in batch.entries]
    alike = [some for batch in batches for some in batch.alike]
    columns = [(int(some.numbers[index]), some.entry(index)) for some in alike for index in range(len(some))]
    assert sum(map(len, batches)) == len(entries) + len(columns)
    problems = [one for batch in batches for one in batch.problems]
    assert problems == sorted(problems)
    return (sorted(entries + columns), problems), len(columns)


#: What may stand where a string, a time or white space is expected.
_STRINGS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.sampled_from(["jti", "expires_at", '": "', "a\\u0062", "\\ud800", "\u2028", "\x85", "\x00", "\x7f", "a" * 2049]),
).map(lambda text: text.replace("\n", "").encode())
_NUMBERS = st.one_of(
    st.integers(-1, 10**12).map(str),
    st.floats(0, 1e12).map(str),
    st.sampled_from(
        ["0", "-0", "007", "1e9", "1E9", "1.", "+5", "4294967294", "4294967295", "3999999999", "4000000000"]
    ),
    st.sampled_from(["NaN", "Infinity", "true", "null", '"5"', "1" * 400, "1_000", "\u0661"]),
).map(str.encode)
_SPACE = st.sampled_from(
    [b"", b"", b" ", b"\t", b"\r", b"\x0b", b"\x0c", b"\xc2\xa0", b"\xe2\x80\xa8", b"\xef\xbb\xbf"]
)
_NAMES = st.sampled_from(
    [b"issuer", b"jti", b"sub", b"sid", b"kid", b"expires_at", b"revoked_at", b"issued_before", b"x"]
)
_TIMES = (b"expires_at", b"revoked_at", b"issued_before")


@st.composite
def hostile(draw: st.DrawFn) -> bytes:
    """Make a line that may be an entry, nearly one, or none."""
    members = []
    for name in draw(st.lists(_NAMES, max_size=5)):
        value = draw(_NUMBERS if name in _TIMES else _STRINGS.map(lambda text: b'"' + text + b'"'))
        members.append(b"%b%b:%b%b%b" % (b'"' + name + b'"', *(draw(_SPACE) for _ in range(2)), value, draw(_SPACE)))
    ends = draw(
        st.sampled_from([(b"{", b"}")] * 8 + [(b"[", b"]"), (b"{", b"},"), (b"#{", b"}"), (b"", b""), (b"{", b"}{}")])
    )
    line = draw(_SPACE) + ends[0] + b",".join(members) + ends[1] + draw(_SPACE)
    return line.replace(b"\n", b"")


_FORMS = (
    b'{"issuer": "i", "jti": "%b", "expires_at": %b}',
    b'{"expires_at":%b,"issuer":"i","sid":"%b"}',
    b'{"issuer":"i","sub":"%b"}\r',
    b' {"kid":"%b","issuer":"j","revoked_at":%b} ',
    b'{"issuer":"i","sub":"%b","issued_before":%b}',
)


@st.composite
def written(draw: st.DrawFn) -> bytes:
    """Make a line as a program would write it, but for what is in it."""
    form = draw(st.sampled_from(_FORMS))
    holes = [draw(_STRINGS), draw(_NUMBERS)][: form.count(b"%b")]
    return (form % tuple(reversed(holes) if form.startswith(b'{"expires') else holes)).replace(b"\n", b"")


_JUNK = st.binary(max_size=40).map(lambda some: some.replace(b"\n", b""))
_LINES = st.lists(st.one_of(written(), written(), hostile(), _JUNK), max_size=40)


@given(_LINES, st.sampled_from([b"", b"\n"]), st.sampled_from([1, 3, 100]), st.sampled_from([1, 40, 300, 10**5]))
@example([_FORMS[2] % b"a", _FORMS[2] % b"\xff", _FORMS[2] % b"b"], b"\n", 1, 1)
def test_however_lines_are_read(lines: list[bytes], end: bytes, size: int, block: int) -> None:
    """Entries, refusals and line numbers are the same as one by one, whatever is in the lines and where blocks end."""
    data = b"\n".join(lines) + end
    assert read(data, size, block)[0] == one_by_one(data)


@given(st.lists(st.tuples(st.sampled_from(_FORMS[:4]), st.integers(1, 3_999_999_999)), min_size=1, max_size=60))
def test_lines_that_are_written_alike_come_in_columns(chosen: list[tuple[bytes, int]]) -> None:
    """Of the lines of a form only those of the block before it was learned are read by themselves."""
    alike = [form % ((b"%d" % number,) * form.count(b"%b")) for form, number in chosen]
    data = b"\n".join([*(form % ((b"1",) * form.count(b"%b")) for form in _FORMS[:4]), *alike, b""])
    found, columns = read(data, block=1)
    assert found == one_by_one(data)
    assert columns == len(alike)


@pytest.mark.parametrize("length", [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 2 * MAX_LINE, 10 * MAX_LINE])
@pytest.mark.parametrize("block", [100, MAX_LINE + 1, 10**6])
def test_line_that_is_too_long_takes_no_other_along(length: int, block: int) -> None:
    """Its neighbours are entries, and have their own numbers, wherever its end is."""
    good = b'{"issuer": "i", "jti": "a"}'
    data = b"\n".join([good, good, b" " * (length - len(good) - 1) + good, good, good])
    found, _ = read(data, block=block)
    assert found == one_by_one(data)
    assert len(found[0]) == 4 + (length <= MAX_LINE)


def test_lines_of_a_file(tmp_path: Path) -> None:
    """Entries, comments, empty and wrong lines, and one that is far too long; a file that is not there is told."""
    good = b'{"issuer": "i", "jti": "a"}'
    lines = [good, b"", b"# comment", b"{}", b"x" * 100_000, b"\xff", good + b" ", good]
    (entries, problems), _ = read(b"\n".join(lines), 1)
    assert [number for number, _ in entries] == [1, 7, 8]
    assert [number for number, _ in problems] == [4, 5, 6]
    assert read(b"")[0] == ([], [])
    with pytest.raises(OSError, match="No such file"):
        list(read_lines(tmp_path / "none"))


def test_shapes_are_bounded() -> None:
    """However many forms a file has, few are known, and those that are used stay."""
    shapes, often = Shapes(), b'{"issuer": "often", "jti": "%d"}'
    lines = [often % 0, *(b'{"issuer": "%d", "jti": "a"}' % number for number in range(40))]
    for line in lines:
        shapes.learn(line, read_entry(loads_object(line)))
        alike, _ = shapes.match(b"\n".join(often % number for number in range(9)) + b"\n", 1)
        assert sum(map(len, alike)) == 9
    alike, others = shapes.match(b"\n".join(lines) + b"\n", 1)
    assert (sum(map(len, alike)), len(list(others))) == (8, 33)


@pytest.mark.parametrize(
    "line",
    [
        b'{"issuer": "i", "issued_before": 5}',
        b'{"issuer": "i", "jti": "a\\u0062"}',
        b'{"issuer": "i", "jti"\r: "a"}',
        b'{"issuer": "i",' + b" " * LONGEST + b' "jti": "a"}',
    ],
)
def test_no_shape(line: bytes) -> None:
    """Where it cannot be told what others like it would be, nothing is learned."""
    assert shape_of(line, read_entry(loads_object(line))) is None
