"""Texts by their paths, and the folders and listings that follow from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.kernel.attendance import InstanceMetadata

# The builds that AWS answers for; all of them tell the same here.
VERSIONS = (
    "1.0",
    "2007-01-19",
    "2007-03-01",
    "2007-08-29",
    "2007-10-10",
    "2007-12-15",
    "2008-02-01",
    "2008-09-01",
    "2009-04-04",
    "2011-01-01",
    "2011-05-01",
    "2012-01-12",
    "2014-02-25",
    "2014-11-05",
    "2015-10-20",
    "2016-04-19",
    "2016-06-30",
    "2016-09-02",
    "2018-03-28",
    "2018-08-17",
    "2018-09-24",
    "2019-10-01",
    "2020-10-27",
    "2021-01-03",
    "2021-03-23",
    "2021-07-15",
    "2022-09-24",
    "latest",
)
_USER_DATA = "user-data"


def find(metadata: InstanceMetadata, path: str) -> bytes | None:
    """What stands at a path such as `/latest/meta-data/ami-id`; a listing at a folder's."""
    parts = [part for part in path.split("/") if part]
    if not parts:
        return "\n".join(VERSIONS).encode()
    if parts[0] not in VERSIONS:
        return None
    within = "/".join(parts[1:])
    if within == _USER_DATA:
        return metadata.user_data
    text = metadata.tree.get(within)
    if text is not None:
        return text.encode()
    names = _names(metadata.tree, within)
    if not within and metadata.user_data is not None:
        names.add(_USER_DATA)
    if not within:
        # The first folders are told without their slash.
        names = {name.removesuffix("/") for name in names}
    return "\n".join(sorted(names)).encode() if names else None


def _names(tree: Mapping[str, str], folder: str) -> set[str]:
    """What lies in a folder; a folder in it has a slash, also when it has a text of its own."""
    prefix = f"{folder}/" if folder else ""
    names: set[str] = set()
    for path in tree:
        if path.startswith(prefix):
            first, slash, _ = path[len(prefix) :].partition("/")
            names.add(first + slash)
    return {name for name in names if f"{name}/" not in names}
