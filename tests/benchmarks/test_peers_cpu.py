"""Processor time and memory of processes, on a made-up /proc."""

import os
import sys
from pathlib import Path

import pytest
from peers import cpu


def process(proc: Path, pid: int, threads: dict[int, int], children: tuple[int, ...] = ()) -> None:
    """Add a process with the run time of each of its threads, in nanoseconds; the first has the children."""
    for turn, (thread, nanoseconds) in enumerate(threads.items()):
        task = proc / str(pid) / "task" / str(thread)
        task.mkdir(parents=True)
        (task / "schedstat").write_text(f"{nanoseconds} 77 88\n", encoding="ascii")
        (task / "children").write_text("" if turn else " ".join(map(str, children)), encoding="ascii")
    # What a reader must not take for the process's own: it is the main thread's alone.
    (proc / str(pid) / "schedstat").write_text(f"{threads[pid]} 77 88\n", encoding="ascii")


def test_all_threads_count(tmp_path: Path) -> None:
    """The time of a process is that of all its threads."""
    process(tmp_path, 10, {10: 5, 11: 700})
    process(tmp_path, 20, {20: 30_000})
    assert cpu.nanoseconds([10, 20], tmp_path) == 30_705


def test_a_process_that_is_gone_counts_nothing(tmp_path: Path) -> None:
    """A process may end between two looks."""
    process(tmp_path, 10, {10: 5})
    assert cpu.nanoseconds([10, 99], tmp_path) == 5
    assert cpu.pss([10, 99], tmp_path) == 0


def test_all_descendants_are_found(tmp_path: Path) -> None:
    """Children's children belong to a process too."""
    process(tmp_path, 1, {1: 0}, children=(2, 3))
    process(tmp_path, 2, {2: 0}, children=(4,))
    process(tmp_path, 3, {3: 0})
    process(tmp_path, 4, {4: 0})
    assert sorted(cpu.tree(1, tmp_path)) == [1, 2, 3, 4]


def test_memory_is_read(tmp_path: Path) -> None:
    """PSS and RSS are what smaps_rollup says."""
    (tmp_path / "7").mkdir()
    text = "5583-7ffd ---p 00000000 00:00 0 [rollup]\nRss:  900 kB\nPss:  400 kB\nPss_Dirty:  1 kB\n"
    (tmp_path / "7" / "smaps_rollup").write_text(text, encoding="ascii")
    assert (cpu.pss([7, 7], tmp_path), cpu.rss(7, tmp_path)) == (800, 900)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_real_process_has_figures() -> None:
    """The kernel's own files are understood."""
    assert cpu.nanoseconds([os.getpid()]) > 0
    assert cpu.pss([os.getpid()]) > 0
    assert cpu.name(os.getpid())
