"""The service authorization reference: what each IAM action does, and on which resources.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
"""

from __future__ import annotations

import gzip
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

Level = Literal["Read", "List", "Write", "Permissions management", "Tagging"]
_LEVELS: dict[str, Level] = {
    "R": "Read",
    "L": "List",
    "W": "Write",
    "P": "Permissions management",
    "T": "Tagging",
}
_PREFIX = re.compile(r"[a-z0-9-]+")
_REMEMBERED_SERVICES = 128


class Action(NamedTuple):
    """One action; `resources` are types of resources, the first `required` of them obligatory.

    `condition_keys` are all that it may be asked with, `resource_keys` those of each resource.
    """

    name: str
    level: Level
    resources: tuple[str, ...]
    required: int
    condition_keys: tuple[str, ...]
    dependent_actions: tuple[str, ...]
    own_keys: tuple[str, ...] = ()
    resource_keys: tuple[tuple[str, ...], ...] = ()

    def keys_on(self, resource: str) -> tuple[str, ...]:
        """The condition keys that are there where it is asked for a resource of this type."""
        if resource not in self.resources:
            return self.own_keys
        return (*self.own_keys, *self.resource_keys[self.resources.index(resource)])

    @property
    def required_resources(self) -> tuple[str, ...]:
        return self.resources[: self.required]

    @property
    def is_read_only(self) -> bool:
        return self.level in ("Read", "List")


class Reference(NamedTuple):
    """All of one service prefix: its actions, ARN templates by resource type, condition keys.

    `condition_keys` tells each key's type (`String`, `ArrayOfString`, `Bool`, `ARN`, ...).
    """

    prefix: str
    title: str
    actions: dict[str, Action]
    resources: dict[str, str]
    resource_keys: dict[str, tuple[str, ...]]
    condition_keys: dict[str, str]

    def find(self, name: str) -> Action | None:
        """An action by its name in any case, as policies write it."""
        return self.actions.get(name) or self._by_lower_name(name.lower())

    def _by_lower_name(self, name: str) -> Action | None:
        return next((item for item in self.actions.values() if item.name.lower() == name), None)


@lru_cache(maxsize=_REMEMBERED_SERVICES)
def load(prefix: str) -> Reference:
    """The reference of a service's IAM prefix; empty where AWS has none."""
    path = Path(__file__).parent / "iam" / f"{prefix}.json.gz"
    if not _PREFIX.fullmatch(prefix) or not path.is_file():
        return Reference(prefix, "", {}, {}, {}, {})
    return _read(prefix, json.loads(gzip.decompress(path.read_bytes())))


def actions(prefix: str) -> dict[str, Action]:
    return load(prefix).actions


def find(action: str) -> Action | None:
    """An action written `s3:GetObject`, in any case."""
    prefix, _, name = action.partition(":")
    return load(prefix.lower()).find(name)


def access_level(action: str) -> Level | None:
    """Read, List, Write, Permissions management or Tagging; None for an unknown action."""
    known = find(action)
    return known.level if known else None


def _read(prefix: str, data: dict[str, Any]) -> Reference:
    keys = [name for name, _ in data["keys"]]
    return Reference(
        prefix=prefix,
        title=data["name"],
        actions={
            name: Action(
                name,
                _LEVELS[level],
                tuple(resources),
                required,
                tuple(keys[number] for number in sorted({key for each in numbers for key in each})),
                tuple(dependents),
                *_keys_by_resource(keys, numbers),
            )
            for name, (level, resources, required, numbers, dependents) in data["actions"].items()
        },
        resources={name: template for name, (template, _) in data["resources"].items()},
        resource_keys={
            name: tuple(keys[number] for number in numbers)
            for name, (_, numbers) in data["resources"].items()
        },
        condition_keys=dict(data["keys"]),
    )


def _keys_by_resource(
    keys: list[str], numbers: list[list[int]]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The action's own condition keys, and those of each of its resources."""
    own, *others = (tuple(keys[number] for number in each) for each in numbers)
    return own, tuple(others)
