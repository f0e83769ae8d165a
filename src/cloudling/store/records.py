"""Records: what services store, and how a collection of them is declared."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import msgspec

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One stored thing; never changed in place. `revision` counts the changes made by `change`."""

    revision: int = 0


R = TypeVar("R", bound=Record)

Scope = Literal["region", "account", "world"]
Upgrade = Callable[[int, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class CollectionSpec(Generic[R]):
    """What a collection holds: its record type, the fields that are its key, its indexes.

    `version` counts the record type's shapes. `upgrade(version, fields)` turns what an older
    version wrote into the present shape; it is called whenever such a row is read.
    """

    name: str
    record: type[R]
    key: tuple[str, ...]
    scope: Scope = "region"
    indexes: tuple[str, ...] = ()
    version: int = 1
    upgrade: Upgrade | None = None

    def __post_init__(self) -> None:
        for name in (self.name, *self.indexes):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} cannot name a table or a column.")
        if not self.key:
            raise ValueError(f"The collection {self.name} needs a key.")
        if self.version > 1 and self.upgrade is None:
            raise ValueError(
                f"The collection {self.name} needs an upgrade from its older versions."
            )
