"""ARNs are made by `call.arn` from AWS's templates, never by hand."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.checks.house import Finding, Room


def check(room: Room) -> Iterator[Finding]:
    for path, tree in room.trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and _makes_arn(node):
                yield room.finding(
                    path,
                    f"line {node.lineno} makes an ARN by hand",
                    'Use call.arn("<resource type>", …) or kernel.arns',
                )


def _makes_arn(node: ast.JoinedStr) -> bool:
    first = node.values[0] if node.values else None
    return (
        isinstance(first, ast.Constant)
        and isinstance(first.value, str)
        and first.value.startswith("arn:")
    )
