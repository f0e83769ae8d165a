"""What a server's process tree costs, as /proc counts it."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Self

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def _fields(pid: int) -> list[str]:
    """The fields of `stat` from the third on; none when the process has ended."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def tree(root: int) -> list[int]:
    """A process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (found := _fields(int(entry.name))):
            parents.setdefault(int(found[1]), []).append(int(entry.name))
    members = [root]
    for pid in members:
        members.extend(parents.get(pid, ()))
    return members


def cpu_seconds(root: int) -> float:
    """User and system time of a tree, of children that have ended too."""
    ticks = 0
    for pid in tree(root):
        ticks += sum(int(value) for value in _fields(pid)[11:15])
    return ticks * _TICK


def proportional_memory(root: int) -> int:
    """The PSS of a tree in bytes: shared pages count once in all."""
    total = 0
    for pid in tree(root):
        try:
            lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total * 1024


class MemoryWatch:
    """The highest PSS of a tree while something runs, looked at every 100 ms."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.before = proportional_memory(root)
        self.peak = self.before

    @property
    def rise(self) -> int:
        return self.peak - self.before

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            self.peak = max(self.peak, proportional_memory(self._root))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join()
