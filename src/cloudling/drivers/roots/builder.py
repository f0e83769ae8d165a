"""Building a root: a family's thin layer over a common one, from the first source that gives it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from cloudling.drivers.roots import accounts, apt, debian, host, wheels
from cloudling.drivers.roots.families import FAMILIES, Family, motd, users_of
from cloudling.drivers.roots.inside import run
from cloudling.drivers.roots.shelf import Label, Shelf, tree_of
from cloudling.drivers.roots.trees import Tree
from cloudling.kernel.machines import NoSuchRoot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEBIAN, HOST = "debian", "host"
SOURCES = (DEBIAN, HOST)


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to build: from our packages and the machine's own apt sources unless others are named.

    `source`, where it is named, is the only one to be tried.
    """

    folder: str
    name: str
    source: str = ""
    apt_sources: str = ""
    packages: tuple[str, ...] = ()
    keeps_wheels: bool = True


def build(order: Order, shelf: Shelf, tell: Callable[[str], None]) -> None:
    """Make the root unless it is there. Raises NoSuchRoot, or OSError with all reasons."""
    family = FAMILIES.get(order.name)
    if family is None:
        raise NoSuchRoot(order.name)
    with shelf.locked(tell):
        if shelf.find(order.name) is not None:
            return
        below = _ensure_base(order, shelf, tell)
        tell(f"making {order.name}")
        with shelf.making(order.name) as folder:
            _fill_family(Tree(tree_of(folder)), Tree(shelf.tree(below.name)), family, below)
            shelf.finish(folder, _label(order.name, family, below))


def reasons() -> dict[str, str]:
    """Each source, and why it is of no use; "" where it is of use."""
    return {DEBIAN: apt.reason_against(), HOST: host.reason_against()}


def _ensure_base(order: Order, shelf: Shelf, tell: Callable[[str], None]) -> Label:
    faults = []
    for source in (order.source,) if order.source else SOURCES:
        fault = "" if order.apt_sources else reasons()[source]
        if not fault:
            try:
                return _base(order, source, shelf, tell)
            except OSError as error:
                fault = error.strerror or str(error)
        faults.append(fault)
        tell(f"{fault}")
    raise OSError(2, f"No root can be built: {'; '.join(faults)}.")


def _base(order: Order, source: str, shelf: Shelf, tell: Callable[[str], None]) -> Label:
    name = f"base-{source}"
    found = shelf.find(name)
    if found is not None:
        return found
    with shelf.making(name) as folder:
        tree = Tree(tree_of(folder))
        tree.claim()
        fill = _fill_debian if source == DEBIAN else _fill_host
        label = msgspec.structs.replace(fill(order, folder, tree, tell), made=_now())
        if order.keeps_wheels and label.python:
            wheels.keep(tree, label.python, tell)
        shelf.finish(folder, label)
    made = shelf.find(name)
    if made is None:
        raise OSError(5, f"{name} vanished while it was made.")
    return made


def _fill_debian(order: Order, folder: Path, tree: Tree, tell: Callable[[str], None]) -> Label:
    sources = order.apt_sources or apt.own_sources()
    fetcher = apt.Apt(folder / "apt", sources)
    packages = fetcher.download(order.packages or debian.names(), tell)
    listed = debian.fill(tree, packages, tell)
    # What names a user and a password stays on the host.
    lines = [line for line in sources.splitlines() if "@" not in line]
    tree.write("etc/apt/sources.list", "".join(f"{line}\n" for line in lines))
    python = _python_of(tree)
    if python:
        tell("compiling Python's own modules")
        command = ["/usr/bin/python3", "-m", "compileall", "-q"]
        fault = run(tree.folder, [*command, f"/usr/lib/python{python}", "/usr/lib/python3"])
        if fault:
            # A root without is slower at first, not wrong.
            tell(f"not compiled: {fault}")
    title = apt.release(tree.follow("etc/os-release")).get("PRETTY_NAME", "Debian GNU/Linux")
    fetcher.forget()
    return Label(
        name=f"base-{DEBIAN}",
        title=title,
        packages=listed,
        python=python,
        source=DEBIAN,
        is_hidden=True,
    )


def _fill_host(_: Order, __: Path, tree: Tree, tell: Callable[[str], None]) -> Label:
    python = host.fill(tree, tell)
    return Label(
        name=f"base-{HOST}",
        title=host.title(),
        python=python,
        host_usr=True,
        source=HOST,
        is_hidden=True,
    )


def _python_of(tree: Tree) -> str:
    if not tree.has("usr/bin/python3"):
        return ""
    return tree.place("usr/bin/python3").readlink().name.removeprefix("python")


def _fill_family(tree: Tree, below: Tree, family: Family, base: Label) -> None:
    tree.claim()
    tree.make("etc")
    tree.make("home")
    accounts.add_people(tree, below, family)
    tree.write("etc/motd", motd(family, base.title))


def _label(name: str, family: Family, below: Label) -> Label:
    return Label(
        name=name,
        title=below.title,
        users=users_of(family),
        lower=(below.name,),
        host_usr=below.host_usr,
        packages=below.packages,
        python=below.python,
        made=_now(),
        source=below.source,
    )


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
