"""`cloudling images`: what stands behind images on this machine, and building it ahead."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Protocol

from cloudling.cli.findings import Finding
from cloudling.cli.machine import ask
from cloudling.settings import UserError, load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from cloudling.kernel.machines import Root
    from cloudling.kernel.ports import Roots

    class SourcedRoots(Roots, Protocol):
        """Roots that know what they were made from."""

        def source(self, name: str) -> str: ...


_NAME = "images"
_MEGABYTE = 1_000_000
_BUILDER = "cloudling.drivers.roots"


def run(given: argparse.Namespace) -> int:
    from cloudling.dataplane import open_roots  # noqa: PLC0415 - --help need not wait for it

    settings = load({"port": given.port}, config=given.config)
    if given.what == "list":
        return _list(open_roots(settings), as_json=given.json)
    roots = open_roots(settings, given.source or "")
    return asyncio.run(_prepare(roots, given.family, everything=given.all))


def _list(roots: SourcedRoots, *, as_json: bool) -> int:
    found = asyncio.run(roots.roots())
    sources = {root.name: roots.source(root.name) for root in found}
    if as_json:
        print(json.dumps([_said(root, sources[root.name]) for root in found], indent=2))
    else:
        print("\n".join(table(found, sources)))
    return 0


def _said(root: Root, source: str) -> dict[str, object]:
    return {
        "name": root.name,
        "title": root.title,
        "ready": root.is_ready,
        "size": root.size,
        "source": source,
    }


def table(roots: tuple[Root, ...], sources: dict[str, str]) -> list[str]:
    """A line for each: whether it is built, from what, its size, and what it truly is."""
    rows = [("image", "ready", "size", "source", "what stands behind it")]
    for root in roots:
        size = f"{root.size / _MEGABYTE:.0f} MB" if root.is_ready else "-"
        title = root.title if root.is_ready else "is built when an instance first needs it"
        ready = "yes" if root.is_ready else "no"
        rows.append((root.name, ready, size, sources.get(root.name) or "-", title))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return ["  ".join([*map(str.ljust, row[:4], widths), row[4]]) for row in rows]


async def _prepare(roots: Roots, names: list[str], *, everything: bool) -> int:
    known = [root.name for root in await roots.roots()]
    if everything:
        names = [name for name in known if not name.startswith("ami-")]
    if not names:
        raise UserError(f"Nothing is named. Name some of {', '.join(known)}, or say --all.")
    for name in names:
        if name not in known:
            raise UserError(f"There is no image {name}. Name some of {', '.join(known)}.")
    for name in names:
        try:
            root = await roots.prepare(name, _progress(name))
        except OSError as fault:
            raise UserError(f"{name} is not built: {fault.strerror or fault}") from fault
        print(f"{name}: {root.title}, {root.size / _MEGABYTE:.0f} MB")
    return 0


def _progress(name: str) -> Callable[[str], None]:
    """Steps as they come, on the error stream: what is printed can be read by a program."""

    def tell(words: str) -> None:
        if words != "done":
            print(f"{name}: {words}", file=sys.stderr, flush=True)

    return tell


def finding() -> Finding:
    """What images would be made of on this machine, for `cloudling doctor`."""
    said = ask([sys.executable, "-m", _BUILDER, "probe"])
    try:
        against: dict[str, str] = json.loads(said)
    except ValueError:
        return Finding(_NAME, False, "the builder does not run", "Report this: it should.")
    if not against["debian"]:
        return Finding(_NAME, True, "built from packages that this machine's apt downloads")
    remedy = "Install apt and start on Debian or Ubuntu to have a system of their own behind images"
    if not against["host"]:
        detail = f"made over this machine's own /usr: {against['debian']}"
        return Finding(_NAME, True, detail, f"{remedy}.")
    return Finding(_NAME, False, f"{against['debian']}; {against['host']}", f"{remedy}.")
