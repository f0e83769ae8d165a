"""Limits of processors, memory and processes, where the kernel lets us set them.

Groups of version 2 and of version 1 are both written as they stand below `/sys/fs/cgroup`; which of
the limits hold is what could be made, not what was wished for.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.drivers.namespaces.messages import Limits

_MOUNTED = Path("/sys/fs/cgroup")
_CONTROLLERS = ("cpu", "memory", "pids")
_FREEZER = "freezer"
_NAMES = {"cpu": "processors", "memory": "memory", "pids": "processes"}
_PERIOD = 100_000
_PROCESSES = "cgroup.procs"
_PREFIX = "cloudling-"
# Not there where the kernel does not count what is swapped.
_OPTIONAL = ("memory.swap.max", "memory.memsw.limit_in_bytes")


class Groups:
    """Those of one netd: a folder of its own in each hierarchy, and in it one for each machine.

    They bear the number of the process that makes them, so that those of the dead can be told.
    """

    def __init__(self, mounted: Path = _MOUNTED) -> None:
        name = f"{_PREFIX}{os.getpid()}"
        self.is_unified = (mounted / "cgroup.controllers").exists()
        self._roots: dict[str, Path] = {}
        if self.is_unified:
            self._settle(mounted, name)
        else:
            for controller in (*_CONTROLLERS, _FREEZER):
                self._claim(mounted / controller, controller, name)
        self._sweep_dead()

    @property
    def limits(self) -> tuple[str, ...]:
        """Which limits groups hold here."""
        return tuple(_NAMES[each] for each in _CONTROLLERS if each in self._roots)

    def make(self, machine: str, limits: Limits) -> tuple[str, ...]:
        """The files in which its first process is to be written down."""
        made: list[str] = []
        for controller, root in self._roots.items():
            folder = root / machine
            folder.mkdir(exist_ok=True)
            for name, value in _settings(controller, limits, is_unified=self.is_unified):
                if name not in _OPTIONAL or (folder / name).exists():
                    (folder / name).write_text(value, encoding="ascii")
            made.append(str(folder / _PROCESSES))
        return tuple(dict.fromkeys(made))

    def freeze(self, machine: str, *, is_frozen: bool) -> bool:
        """Let nothing of it run, or let all go on; False where this cannot be done."""
        if _FREEZER not in self._roots:
            return False
        folder = self._roots[_FREEZER] / machine
        name, values = ("freezer.state", ("THAWED", "FROZEN"))
        if self.is_unified:
            name, values = ("cgroup.freeze", ("0", "1"))
        try:
            (folder / name).write_text(values[is_frozen], encoding="ascii")
        except FileNotFoundError:
            return False
        return True

    def remove(self, machine: str) -> bool:
        """False while one of its processes is still being ended."""
        return all(_is_removed(root / machine) for root in self._own())

    def close(self) -> None:
        for root in self._own():
            _remove_all(root)

    def _sweep_dead(self) -> None:
        """A netd that was killed leaves empty ones behind."""
        for parent in {root.parent for root in self._own()}:
            for root in parent.glob(f"{_PREFIX}*"):
                number = root.name.removeprefix(_PREFIX)
                if number.isdigit() and not Path("/proc", number).exists():
                    _remove_all(root)

    def _own(self) -> set[Path]:
        return set(self._roots.values())

    def _claim(self, hierarchy: Path, controller: str, name: str) -> None:
        """A folder of version 1, below the group that we are in ourselves if that is to be seen."""
        parent = hierarchy / _own_path(controller).lstrip("/")
        root = (parent if parent.is_dir() else hierarchy) / name
        if hierarchy.is_dir() and os.access(root.parent, os.W_OK):
            with suppress(OSError):
                root.mkdir(exist_ok=True)
                self._roots[controller] = root

    def _settle(self, mounted: Path, name: str) -> None:
        """Folders of version 2: controllers serve below a group only if it has no processes.

        As root ours lie at the top. An ordinary user has a group that was handed over; what is in
        it moves aside, into a group below it.
        """
        parent = mounted if os.getuid() == 0 else mounted / _own_path("").lstrip("/")
        root = parent / name
        try:
            if parent != mounted:
                _move_aside(parent)
            _enable(parent)
            root.mkdir(exist_ok=True)
            offered = _enable(root)
        except OSError:
            return
        self._roots = dict.fromkeys((*offered, _FREEZER), root)


def _settings(controller: str, limits: Limits, *, is_unified: bool) -> Iterator[tuple[str, str]]:
    quota = max(1000, int(limits.processors * _PERIOD))
    if controller == "pids":
        yield "pids.max", str(limits.processes)
    elif controller == "cpu" and is_unified:
        yield "cpu.max", f"{quota} {_PERIOD}"
    elif controller == "cpu":
        yield "cpu.cfs_period_us", str(_PERIOD)
        yield "cpu.cfs_quota_us", str(quota)
    elif controller == "memory" and is_unified:
        yield "memory.max", str(limits.memory)
        yield "memory.swap.max", "0"
    elif controller == "memory":
        yield "memory.limit_in_bytes", str(limits.memory)
        yield "memory.memsw.limit_in_bytes", str(limits.memory)


def _own_path(controller: str) -> str:
    """Where this process is in a hierarchy; that of version 2 has no name."""
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return path
    return "/"


def _enable(folder: Path) -> list[str]:
    """Let controllers serve in the groups below; those that are offered here."""
    offered = (folder / "cgroup.controllers").read_text(encoding="ascii").split()
    wanted = [each for each in _CONTROLLERS if each in offered]
    served = (folder / "cgroup.subtree_control").read_text(encoding="ascii").split()
    for each in wanted:
        if each not in served:
            (folder / "cgroup.subtree_control").write_text(f"+{each}", encoding="ascii")
    return wanted


def _move_aside(folder: Path) -> None:
    aside = folder / "cloudling-control"
    aside.mkdir(exist_ok=True)
    for process in (folder / _PROCESSES).read_text(encoding="ascii").split():
        with suppress(ProcessLookupError):
            (aside / _PROCESSES).write_text(process, encoding="ascii")


def _remove_all(root: Path) -> None:
    # Another netd may be taking the same away.
    with suppress(FileNotFoundError):
        for folder in root.iterdir():
            if folder.is_dir():
                _is_removed(folder)
    _is_removed(root)


def _is_removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
