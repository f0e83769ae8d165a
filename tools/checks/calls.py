"""The manifest's `calls` are the services that the code calls through `call.aws`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.checks.house import Finding, Room

# Ways to choose a principal, between `call.aws` and the service.
PRINCIPALS = {"as_caller", "as_role", "as_service"}


def check(room: Room) -> Iterator[Finding]:
    said = set(room.manifest.get("calls", []))
    done = {name for tree in room.trees.values() for name in _called(tree)}
    path = room.folder / "manifest.toml"
    for name in sorted(done - said):
        yield room.finding(path, f"the code calls {name!r}, which `calls` leaves out", "Add it")
    for name in sorted(said - done):
        yield room.finding(path, f"`calls` names {name!r}, which no code calls", "Remove it")


def _called(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr not in PRINCIPALS and _leads(node.value):
            yield node.attr.rstrip("_")


def _leads(node: ast.expr) -> bool:
    """Whether an expression is `call.aws`, or that with a principal chosen."""
    match node:
        case ast.Attribute(value=ast.Name(id="call"), attr="aws"):
            return True
        case (
            ast.Attribute(value=inner, attr=name)
            | ast.Call(func=ast.Attribute(value=inner, attr=name))
        ):
            return name in PRINCIPALS and _leads(inner)
    return False
