"""Roots as they lie in folders: `<data or cache>/roots/<name>/`, with `tree` and `root.json`.

Those that were captured lie with the data, those that can be built again in the cache.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from cloudling.kernel.machines import NoSuchRoot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NAME = re.compile(r"[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,127}")
ROOTS, DISKS = "roots", "disks"
_DESCRIPTION = "root.json"


class Description(Struct, frozen=True, rename={"login_users": "login users"}):
    """What stands in `root.json`: `lower` are the names of the roots below, the nearest first."""

    title: str
    login_users: tuple[str, ...] = ()
    lower: tuple[str, ...] = ()
    host_usr: bool = False


class Layers(Struct, frozen=True):
    """A root and all below it, by their names and as netd names their folders."""

    names: tuple[str, ...]
    folders: tuple[str, ...]
    description: Description


def find(bases: Mapping[str, Path], name: str) -> Layers:
    """Raises NoSuchRoot for one that is not there, or not ready."""
    base, description = _find_one(bases, name)
    below = [(_find_one(bases, each)[0], each) for each in description.lower]
    folders = tuple(_folder(*each) for each in ((base, name), *below))
    return Layers((name, *description.lower), folders, description)


def describe(bases: Mapping[str, Path], name: str, description: Description) -> None:
    """Make a captured one known; from now on it is ready."""
    place = bases["data"] / ROOTS / name / _DESCRIPTION
    fresh = place.with_name(f"{_DESCRIPTION}.new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(description)))
    fresh.replace(place)


def _find_one(bases: Mapping[str, Path], name: str) -> tuple[str, Description]:
    if not _NAME.fullmatch(name):
        raise NoSuchRoot(name)
    for base, folder in bases.items():
        try:
            data = (folder / ROOTS / name / _DESCRIPTION).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        return base, msgspec.json.decode(data, type=Description)
    raise NoSuchRoot(name)


def _folder(base: str, name: str) -> str:
    return f"{base}/{ROOTS}/{name}/tree"
