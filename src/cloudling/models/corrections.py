"""Corrections of AWS's models as JSON Patch (RFC 6902), so that they are data and not code.

Each entry of `patches/<service>.json` also says `why`; a `test` entry before a change makes sure
that a newer model is not corrected blindly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Json = Any


class CorrectionFailed(ValueError):
    """A correction does not fit the model it is for."""


def apply(document: Json, patch: Iterable[Mapping[str, Any]]) -> Json:
    """The document after all operations of the patch; the given one may be changed."""
    box = {"": document}
    for step in patch:
        operation = OPERATIONS.get(step["op"])
        if operation is None:
            raise CorrectionFailed(f"{step['op']} is no operation of JSON Patch.")
        try:
            operation(box, step)
        except (KeyError, IndexError, ValueError) as problem:
            raise CorrectionFailed(f"Cannot {step['op']} {step['path']}: {problem}.") from problem
    return box[""]


def add(box: Json, step: Mapping[str, Any]) -> None:
    put(box, step["path"], step["value"])


def remove(box: Json, step: Mapping[str, Any]) -> None:
    take(box, step["path"])


def replace(box: Json, step: Mapping[str, Any]) -> None:
    parent, key = find(box, step["path"])
    parent[key]
    parent[key] = step["value"]


def move(box: Json, step: Mapping[str, Any]) -> None:
    put(box, step["path"], take(box, step["from"]))


def copy(box: Json, step: Mapping[str, Any]) -> None:
    parent, key = find(box, step["from"])
    put(box, step["path"], clone(parent[key]))


def test(box: Json, step: Mapping[str, Any]) -> None:
    parent, key = find(box, step["path"])
    if parent[key] != step["value"]:
        raise ValueError(f"it is {parent[key]!r}")


OPERATIONS: dict[str, Callable[[Json, Mapping[str, Any]], None]] = {
    "add": add,
    "copy": copy,
    "move": move,
    "remove": remove,
    "replace": replace,
    "test": test,
}


def find(box: Json, pointer: str) -> tuple[Json, Any]:
    """What holds the value that a JSON Pointer names, and its key there."""
    if pointer and not pointer.startswith("/"):
        raise ValueError("a pointer starts with a slash")
    parent, key = box, cast("Any", "")
    for part in pointer.split("/")[1:]:
        parent = parent[key]
        name = part.replace("~1", "/").replace("~0", "~")
        key = index(parent, name) if isinstance(parent, list) else name
    return parent, key


def index(items: list[Json], name: str) -> int:
    if name == "-":
        return len(items)
    if not name.isdecimal():
        raise ValueError(f"{name} is no index of a list")
    return int(name)


def put(box: Json, pointer: str, value: Json) -> None:
    parent, key = find(box, pointer)
    if not isinstance(parent, list):
        parent[key] = value
    elif key > len(parent):
        raise IndexError("it is past the end of the list")
    else:
        parent.insert(key, value)


def take(box: Json, pointer: str) -> Json:
    parent, key = find(box, pointer)
    return parent.pop(key)


def clone(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: clone(each) for key, each in value.items()}
    return [clone(each) for each in value] if isinstance(value, list) else value
