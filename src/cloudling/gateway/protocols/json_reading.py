"""Reading JSON bodies: orjson makes a tree, generated code makes the tree the shape's value.

What is not in the model is passed over, as with AWS; a value of another type is refused.
"""

from __future__ import annotations

import base64
import binascii
import math
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from cloudling.gateway.protocols import text
from cloudling.kernel.errors import AwsError

if TYPE_CHECKING:
    from cloudling.models.compile import Module
    from cloudling.models.loader import Model, Shape

MAX_DEPTH = 100
_KINDS = {"string": "String", "boolean": "Boolean", "integer": "Integer", "long": "Long",
          "float": "Float", "double": "Double", "blob": "Blob", "timestamp": "Date"}  # fmt: skip


class SerializationException(AwsError):
    """A body that is no JSON, or not of its shape; AWS mostly gives no text with it."""


def document(body: bytes) -> dict[str, Any]:
    """The object that a body holds; an empty body is an empty object."""
    if not body:
        return {}
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise SerializationException from problem
    # With fewer brackets than that nothing can lie deeper.
    if body.count(b"[") + body.count(b"{") >= MAX_DEPTH:
        _check_depth(found)
    return structure(found)


def _check_depth(found: Any) -> None:
    depth, level = 0, [found]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise SerializationException
        level = [
            below
            for each in level
            if isinstance(each, (dict, list))
            for below in (each.values() if isinstance(each, dict) else each)
        ]


def structure(given: Any) -> dict[str, Any]:
    """What must be an object: a structure or a map."""
    if given.__class__ is not dict:
        if given.__class__ is list:
            raise SerializationException("Start of list found where not expected")
        raise SerializationException("Unexpected field type")
    found: dict[str, Any] = given
    return found


def items(given: Any) -> list[Any]:
    """What must be a list."""
    if given.__class__ is not list:
        if given.__class__ is dict:
            raise SerializationException("Start of structure or map found where not expected.")
        raise SerializationException("Expected list or null")
    found: list[Any] = given
    return found


def string(given: Any) -> str:
    if given.__class__ is not str:
        refuse(given, "string")
    found: str = given
    return found


def boolean(given: Any) -> bool:
    if given.__class__ is not bool:
        refuse(given, "boolean")
    found: bool = given
    return found


def integer(given: Any) -> int:
    return _whole(given, "integer", 1 << 31)


def long(given: Any) -> int:
    return _whole(given, "long", 1 << 63)


def _whole(given: Any, kind: str, limit: int) -> int:
    if given.__class__ is float and given.is_integer():
        given = int(given)
    if given.__class__ is not int or not -limit <= given < limit:
        refuse(given, kind)
    found: int = given
    return found


def number(given: Any) -> float:
    """A number; what JSON has no word for stands in quotes."""
    if given.__class__ is str and given in text.SPECIAL:
        return text.SPECIAL[given]
    if given.__class__ not in (int, float):
        refuse(given, "double")
    return float(given)


def blob(given: Any) -> bytes:
    if given.__class__ is not str:
        refuse(given, "blob")
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise SerializationException from problem


def moment(given: Any) -> float:
    """A time as seconds since the epoch, or in words where a member has a format of its own."""
    if given.__class__ not in (int, float, str) or given != given:  # noqa: PLR0124 - NaN alone
        refuse(given, "timestamp")
    try:
        return text.read_time(given if given.__class__ is str else repr(given))
    except ValueError as problem:
        raise SerializationException from problem


def refuse(given: Any, kind: str) -> NoReturn:
    """AWS names the kind of token that came, and the type that it should have had."""
    token = _token(given)
    if not token:
        word = "list" if isinstance(given, list) else "structure or map"
        raise SerializationException(f"Start of {word} found where not expected.")
    article = "an" if kind == "integer" else "a"
    raise SerializationException(f"{token} can not be converted to {article} {_KINDS[kind]}")


def _token(given: Any) -> str:
    if given is None:
        return "NULL_VALUE"
    if isinstance(given, bool):
        return "TRUE_VALUE" if given else "FALSE_VALUE"
    if isinstance(given, float) and math.isfinite(given) and not given.is_integer():
        return "DECIMAL_VALUE"
    if isinstance(given, (int, float)):
        return "NUMBER_VALUE"
    return "STRING_VALUE" if isinstance(given, str) else ""


READERS = {"string": string, "boolean": boolean, "integer": integer, "long": long,
           "float": number, "double": number, "blob": blob, "timestamp": moment}  # fmt: skip
NAMES: dict[str, Any] = {
    "document": document,
    "structure": structure,
    "items": items,
    **{f"read_{kind}": reader for kind, reader in READERS.items()},
}


class JsonReader:
    """Writes functions `(tree) -> value` for shapes."""

    def __init__(self, model: Model, module: Module) -> None:
        self._model = model
        self._module = module

    def value(self, shape: Shape, variable: str) -> str:
        """An expression for the value that a part of the tree holds."""
        if shape.get("document"):
            return variable
        if shape.type == "string":
            # Most members are strings, and most of what comes is right.
            return f"({variable} if {variable}.__class__ is str else read_string({variable}))"
        if shape.is_scalar:
            return f"read_{shape.type}({variable})"
        return f"{self.function(shape)}({variable})"

    def function(self, shape: Shape) -> str:
        write = {"structure": self._structure, "list": self._list, "map": self._map}[shape.type]
        return self._module.function(("read", shape.name), lambda name: write(name, shape))

    def _structure(self, name: str, shape: Shape) -> list[str]:
        lines = [f"def {name}(d):", "    r = {}", "    g = structure(d).get"]
        for each, of in self._model.members(shape):
            lines += [
                f"    x = g({of.get('locationName', each)!r})",
                f"    if x is not None: r[{each!r}] = {self.value(of, 'x')}",
            ]
        return [*lines, "    return r"]

    def _list(self, name: str, shape: Shape) -> list[str]:
        item = self._model.shape(shape.own["member"])
        read = self.value(item, "x")
        if shape.get("sparse"):
            read = f"None if x is None else {read}"
        return [f"def {name}(d):", f"    return [{read} for x in items(d)]"]

    def _map(self, name: str, shape: Shape) -> list[str]:
        read = self.value(self._model.shape(shape.own["value"]), "x")
        if shape.get("sparse"):
            read, kept = f"None if x is None else {read}", ""
        else:
            kept = " if x is not None"
        pairs = f"{{k: {read} for k, x in structure(d).items(){kept}}}"
        return [f"def {name}(d):", f"    return {pairs}"]
