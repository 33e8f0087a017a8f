"""The kernel's format for sets of CPUs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.placement.cpulist import MAX_CPU, CpuListError, format_cpulist, parse_cpulist

_SETS = st.frozensets(st.integers(0, 40) | st.integers(0, MAX_CPU), max_size=40)


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("", set()),
        ("\n", set()),
        ("0\n", {0}),
        ("0-3,8,10-11\n", {0, 1, 2, 3, 8, 10, 11}),
        ("5-5", {5}),
        ("8,0-1", {0, 1, 8}),
        ("0-3,2-4", {0, 1, 2, 3, 4}),
        ("0-15:2/4", {0, 1, 4, 5, 8, 9, 12, 13}),
        ("1-6:1/2", {1, 3, 5}),
        ("0-4:3/3", {0, 1, 2, 3, 4}),
        ("0-1023:2/256", {0, 1, 256, 257, 512, 513, 768, 769}),
    ],
)
def test_list_is_read(text: str, cpus: set[int]) -> None:
    """Numbers, ranges and strides are read as the kernel's documentation says."""
    assert parse_cpulist(text) == cpus


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (",", "'' is neither"),
        ("0,,2", "'' is neither"),
        ("0,", "'' is neither"),
        ("0 1", "'0 1' is neither"),
        ("3-", "'3-' is neither"),
        ("-1", "'-1' is neither"),
        ("0x1", "'0x1' is neither"),
        ("all", "'all' is neither"),
        ("0-N", "'0-N' is neither"),
        ("٣", "is neither"),
        ("0:1/2", "'0:1/2' is neither"),
        ("0-3:1", "'0-3:1' is neither"),
        ("0-3,7-5", "'7-5' is a range that ends before it begins"),
        ("0-3:1/0", "'0-3:1/0' wants 1 CPUs of each 0"),
        ("0-3:0/0", "'0-3:0/0' wants 0 CPUs of each 0"),
        ("0-3:3/2", "'0-3:3/2' wants 3 CPUs of each 2"),
        ("0-65536", "'0-65536' is beyond CPU 65535"),
        ("9999999", "'9999999' is neither"),
    ],
)
def test_other_text_is_refused(text: str, says: str) -> None:
    """What the kernel does not write is refused, and the message quotes the part that is wrong."""
    with pytest.raises(CpuListError, match=says):
        parse_cpulist(text)


@pytest.mark.parametrize(
    ("cpus", "text"), [([], ""), ([7], "7"), ([3, 1, 0, 1], "0-1,3"), ([0, 1, 2, 3, 8, 10, 11], "0-3,8,10-11")]
)
def test_set_is_written_as_the_kernel_does(cpus: list[int], text: str) -> None:
    """Sets are written ascending, with neighbours as ranges."""
    assert format_cpulist(cpus) == text


@given(_SETS)
def test_what_is_written_is_read(cpus: frozenset[int]) -> None:
    """Every set comes back from its own text."""
    assert parse_cpulist(format_cpulist(cpus)) == cpus


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 12), st.integers(1, 12))
def test_stride_takes_the_beginning_of_each_group(first: int, length: int, used: int, group: int) -> None:
    """A stride means: cut the range in groups, take the first CPUs of each."""
    used = min(used, group)
    members = list(range(first, first + length + 1))
    groups = [members[start : start + group] for start in range(0, len(members), group)]
    expected = {cpu for part in groups for cpu in part[:used]}
    assert parse_cpulist(f"{first}-{first + length}:{used}/{group}") == expected


@given(st.text(max_size=20) | st.text("0123456789-,:/ \n", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever a file says gives a set of CPUs or a CpuListError, and the set is within bounds."""
    try:
        cpus = parse_cpulist(text)
    except CpuListError:
        return
    assert all(0 <= cpu <= MAX_CPU for cpu in cpus)
    assert parse_cpulist(format_cpulist(cpus)) == cpus
