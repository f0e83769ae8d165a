"""Roots as they lie in folders: `<data or cache>/roots/<name>/`, with `tree` and `root.json`.

Those that were captured lie with the data, those that can be built again in the cache. The tree of
a captured one is a link to where it lies among the layers, and stays there while a disk or another
root is over it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from cloudling.kernel.machines import NoSuchRoot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ROOTS, DISKS, LAYERS = "roots", "disks", "layers"
_NAME = re.compile(r"[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,127}")
_ROOT, _DISK, _TREE = "root.json", "disk.json", "tree"


class Root(Struct, frozen=True, omit_defaults=True):
    """What stands in `root.json`, and in a disk's `disk.json` of the root that it lies over.

    `lower` are the names of the roots below, the nearest first; `layers` the folders of all, as
    netd names them, where they are known.
    """

    title: str
    users: tuple[str, ...] = ()
    lower: tuple[str, ...] = ()
    host_usr: bool = False
    name: str = ""
    layers: tuple[str, ...] = ()


def find(bases: Mapping[str, Path], name: str) -> Root:
    """With its name and layers. Raises NoSuchRoot for one that is not there, or not ready."""
    base, root = _find_one(bases, name)
    folders = root.layers
    if not folders:
        below = (_find_one(bases, each)[0] for each in root.lower)
        placed = zip((base, *below), (name, *root.lower), strict=True)
        folders = tuple(f"{each}/{ROOTS}/{own}/{_TREE}" for each, own in placed)
    return msgspec.structs.replace(root, name=name, layers=folders)


def below(bases: Mapping[str, Path], machine: str) -> Root | None:
    """What a machine's disk lies over; None while it has none."""
    try:
        data = (bases["data"] / DISKS / machine / _DISK).read_bytes()
    except FileNotFoundError:
        return None
    return msgspec.json.decode(data, type=Root)


def note(bases: Mapping[str, Path], machine: str, root: Root) -> None:
    """Remember what a disk lies over, even when nobody else knows it any more."""
    _write(bases["data"] / DISKS / machine / _DISK, root)


def layer(name: str) -> str:
    """The folder in which a captured root has its tree."""
    return f"data/{LAYERS}/{name}"


def describe(bases: Mapping[str, Path], name: str, over: Root) -> None:
    """Make one that was captured over another known; from now on it is ready."""
    folder = bases["data"] / ROOTS / name
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        (folder / _TREE).symlink_to(f"../../{LAYERS}/{name}/{_TREE}")
    lower, folders = (over.name, *over.lower), (f"{layer(name)}/{_TREE}", *over.layers)
    _write(folder / _ROOT, msgspec.structs.replace(over, name=name, lower=lower, layers=folders))


def unused(bases: Mapping[str, Path]) -> list[str]:
    """Captured layers that no root and no disk is over any more, by their names."""
    data = bases["data"]
    if not (data / LAYERS).is_dir():
        return []
    used = {folder for root in _noted(data) for folder in root.layers}
    names = sorted(each.name for each in (data / LAYERS).iterdir())
    return [each for each in names if each[0] != "." and f"{layer(each)}/{_TREE}" not in used]


def _noted(data: Path) -> Iterator[Root]:
    for place in (*data.glob(f"{ROOTS}/*/{_ROOT}"), *data.glob(f"{DISKS}/*/{_DISK}")):
        with suppress(FileNotFoundError):
            yield msgspec.json.decode(place.read_bytes(), type=Root)


def _find_one(bases: Mapping[str, Path], name: str) -> tuple[str, Root]:
    if not _NAME.fullmatch(name):
        raise NoSuchRoot(name)
    for base, folder in bases.items():
        try:
            data = (folder / ROOTS / name / _ROOT).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        return base, msgspec.json.decode(data, type=Root)
    raise NoSuchRoot(name)


def _write(place: Path, root: Root) -> None:
    fresh = place.with_name(f"{place.name}.new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(root)))
    fresh.replace(place)
