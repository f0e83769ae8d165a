"""Writing JSON answers: generated code makes a result the tree that orjson writes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import orjson

from cloudling.gateway.protocols import text
from cloudling.gateway.protocols.xml_writing import ELSEWHERE

if TYPE_CHECKING:
    from cloudling.models.compile import Module
    from cloudling.models.loader import Model, Shape

DATES = {"iso8601": "iso", "rfc822": "http_date"}
PLAIN = frozenset({"string", "boolean", "integer", "long"})


def number(value: float) -> float | str:
    return value if math.isfinite(value) else text.number(value)


def moment(value: float) -> float:
    """Seconds since the epoch, to the millisecond."""
    return int(value) if value == int(value) else round(value, 3)


def dump(tree: Any) -> bytes:
    """A tree as JSON; half a surrogate pair, which UTF-8 cannot hold, becomes a question mark."""
    try:
        return orjson.dumps(tree)
    except orjson.JSONEncodeError:
        return orjson.dumps(_encodable(tree))


def _encodable(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {_encodable(name): _encodable(value) for name, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_encodable(value) for value in tree]
    return tree.encode("utf-8", "replace").decode() if isinstance(tree, str) else tree


NAMES: dict[str, Any] = {
    "dump": dump,
    "number": number,
    "moment": moment,
    "encode_blob": text.encode_blob,
    "iso": text.iso,
    "http_date": text.http_date,
}


class JsonWriter:
    """Writes functions `(value) -> tree` for shapes."""

    def __init__(self, model: Model, module: Module) -> None:
        self._model = model
        self._module = module

    def tree(self, shape: Shape, variable: str) -> str:
        """An expression for what stands for a value."""
        if shape.get("document") or shape.type in PLAIN:
            return variable
        match shape.type:
            case "float" | "double":
                return f"number({variable})"
            case "blob":
                return f"encode_blob({variable})"
            case "timestamp":
                return f"{DATES.get(shape.get('timestampFormat', ''), 'moment')}({variable})"
        return f"{self.function(shape)}({variable})"

    def function(self, shape: Shape) -> str:
        write = {"structure": self._structure, "list": self._list, "map": self._map}[shape.type]
        return self._module.function(("write", shape.name), lambda name: write(name, shape))

    def _structure(self, name: str, shape: Shape) -> list[str]:
        lines = [f"def {name}(v):", "    r = {}"]
        for each, of in self._model.members(shape):
            if of.get("location") in ELSEWHERE:
                continue
            lines += [
                f"    if {each!r} in v and (x := v[{each!r}]) is not None:",
                f"        r[{of.get('locationName', each)!r}] = {self.tree(of, 'x')}",
            ]
        return [*lines, "    return r"]

    def _list(self, name: str, shape: Shape) -> list[str]:
        item = self._model.shape(shape.own["member"])
        return [f"def {name}(v):", f"    return [{self._kept(shape, item)} for x in v]"]

    def _map(self, name: str, shape: Shape) -> list[str]:
        value = self._model.shape(shape.own["value"])
        pairs = f"{{k: {self._kept(shape, value)} for k, x in v.items()}}"
        return [f"def {name}(v):", f"    return {pairs}"]

    def _kept(self, shape: Shape, of: Shape) -> str:
        written = self.tree(of, "x")
        return f"None if x is None else {written}" if shape.get("sparse") else written
