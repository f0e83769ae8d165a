"""The port `Roots`: what is on the shelves, and a process of its own for what must be built."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import cloudling
from cloudling.drivers.roots.families import FAMILIES
from cloudling.drivers.roots.shelf import Label, Shelf
from cloudling.kernel.machines import NoSuchRoot, Root

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_SUCH_ROOT = 3
_LINE = 1 << 16


class FolderRoots:
    """Roots in two folders: those that are built, and those that users captured.

    `options` are for the builder: `source`, say, where only one is to be tried.
    """

    def __init__(self, built: Path, captured: Path, **options: object) -> None:
        self.built = Shelf(built)
        self.captured = Shelf(captured)
        self._options = options

    def find(self, name: str) -> tuple[Shelf, Label] | None:
        """The shelf a root is on, and its label."""
        for shelf in (self.built, self.captured):
            label = shelf.find(name)
            if label is not None and not label.is_hidden:
                return shelf, label
        return None

    def source(self, name: str) -> str:
        """What a root was made from: `debian`, `host`, or "" where nobody knows."""
        there = self.find(name)
        return there[1].source if there is not None else ""

    async def roots(self) -> tuple[Root, ...]:
        return await asyncio.to_thread(self._all)

    def _all(self) -> tuple[Root, ...]:
        found = {name: Root(name=name, title=family.label) for name, family in FAMILIES.items()}
        for shelf in (self.built, self.captured):
            for label in shelf.labels():
                if not label.is_hidden:
                    found[label.name] = shelf.root(label)
        return tuple(found.values())

    async def prepare(self, name: str, tell: Callable[[str], None]) -> Root:
        there = self.find(name)
        if there is None:
            if name not in FAMILIES:
                raise NoSuchRoot(name)
            await self._build(name, tell)
            there = self.find(name)
            if there is None:
                raise OSError(5, f"The root {name} was built, but it is not there.")
        shelf, label = there
        tell("done")
        return await asyncio.to_thread(shelf.root, label)

    async def remove(self, name: str) -> None:
        await asyncio.to_thread(self.captured.remove, name)

    async def _build(self, name: str, tell: Callable[[str], None]) -> None:
        order = {"folder": os.fspath(self.built.folder), "name": name, **self._options}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cloudling.drivers.roots",
            "build",
            msgspec.json.encode(order).decode(),
            env=_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LINE,
        )
        try:
            said = await _listen(process, tell)
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
        if process.returncode == _NO_SUCH_ROOT:
            raise NoSuchRoot(name)
        if process.returncode:
            raise OSError(5, said or f"The builder of {name} was ended.")


def _environment() -> dict[str, str]:
    """The builder finds this package, and what it needs, where we did."""
    paths = [os.fspath(Path(cloudling.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


async def _listen(process: asyncio.subprocess.Process, tell: Callable[[str], None]) -> str:
    """Pass its progress on; the last line of its complaints."""
    if process.stdout is None or process.stderr is None:
        raise OSError(5, "The builder has no voice.")
    complaints = asyncio.ensure_future(process.stderr.read())
    try:
        async for line in process.stdout:
            tell(line.decode(errors="replace").strip())
        said = (await complaints).decode(errors="replace").strip().splitlines()
    finally:
        complaints.cancel()
    await process.wait()
    return said[-1] if said else ""
