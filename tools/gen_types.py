"""Write `typings/aws_types/<service>.pyi` from the models: what requests and results look like.

The stubs exist for the type checker only; at run time requests and results are plain dicts.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
from cloudling.kernel.client import snake
from cloudling.models import loader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.models.loader import Model, Shape

TARGET = Path(__file__).parents[1] / "typings" / "aws_types"
HEADER = """\
from collections.abc import Sequence
from typing import Any, Literal, NotRequired, Protocol, Required, TypedDict, Unpack

from cloudling.kernel.streams import Incoming, Outgoing
"""
PLAIN = {
    "string": "str", "boolean": "bool", "integer": "int", "long": "int", "float": "float",
    "double": "float", "timestamp": "float", "blob": "bytes",
}  # fmt: skip


def main() -> int:
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / "__init__.pyi").write_text("")
    for service in loader.services():
        (TARGET / f"{service}.pyi").write_text(stub(loader.load(service)))
    return 0


def stub(model: Model) -> str:
    structures = (each for each, of in model.shapes.items() if of["type"] == "structure")
    parts = [HEADER, *(structure(model, each) for each in structures), client(model)]
    return "\n".join(parts)


def structure(model: Model, name: str) -> str:
    takes = any(each.input and each.input["shape"] == name for each in model.operations.values())
    shape = model.shape({"shape": name})
    required = shape.own.get("required", ())
    fields = []
    for member, of in model.members(shape):
        wrap = "Required" if member in required else "NotRequired"
        fields.append(f"    {member!r}: {wrap}[{annotation(model, of, takes=takes)}],")
    body = "\n".join(fields)
    return f"{name} = TypedDict({name!r}, {{\n{body}\n}})\n"


def annotation(model: Model, shape: Shape, *, takes: bool = False) -> str:
    if shape.type == "structure":
        return f'"{shape.name}"'
    if shape.type == "list":
        return f"list[{annotation(model, model.shape(shape.own['member']))}]"
    if shape.type == "map":
        return f"dict[str, {annotation(model, model.shape(shape.own['value']))}]"
    if shape.type == "blob" and shape.get("streaming"):
        return "Incoming" if takes else "Outgoing | bytes"
    values = shape.get("enum")
    return f"Literal[{', '.join(map(repr, values))}]" if values else PLAIN[shape.type]


def client(model: Model) -> str:
    return "\n".join(["class Client(Protocol):", *methods(model)]) + "\n"


def methods(model: Model) -> Iterator[str]:
    for name, operation in model.operations.items():
        given = f", **request: Unpack[{operation.input['shape']}]" if operation.input else ""
        result = operation.output["shape"] if operation.output else "dict[str, Any]"
        yield f"    async def {snake(name)}(self{given}) -> {result}: ..."


if __name__ == "__main__":
    sys.exit(main())
